import type { DbOrTrx } from './open.ts';
import type { InviteRow } from './registration-schema.ts';

export function insertInvite(db: DbOrTrx, row: InviteRow) {
  return db.insertInto('invite').values(row).execute();
}

export function findInvite(db: DbOrTrx, id: string): Promise<InviteRow | undefined> {
  return db.selectFrom('invite').selectAll().where('id', '=', id).executeTakeFirst();
}

export function listInvites(db: DbOrTrx): Promise<Omit<InviteRow, 'sha256'>[]> {
  return db
    .selectFrom('invite')
    .select(['id', 'label', 'mirror', 'created_at', 'created_by', 'expires_at'])
    .select(['used_at', 'used_for', 'revoked_at'])
    .orderBy('created_at', 'desc')
    .execute();
}

export function updateInvite(
  db: DbOrTrx,
  id: string,
  change: Partial<Pick<InviteRow, 'used_at' | 'used_for' | 'revoked_at'>>,
) {
  return db.updateTable('invite').set(change).where('id', '=', id).execute();
}
