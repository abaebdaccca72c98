import type { DbOrTrx } from './open.ts';
import type { Role, TokenRow } from './schema.ts';

export function insertToken(db: DbOrTrx, row: TokenRow) {
  return db.insertInto('token').values(row).execute();
}

export function findToken(db: DbOrTrx, id: string): Promise<TokenRow | undefined> {
  return db.selectFrom('token').selectAll().where('id', '=', id).executeTakeFirst();
}

export function listTokens(db: DbOrTrx): Promise<Omit<TokenRow, 'sha256'>[]> {
  return db
    .selectFrom('token')
    .select(['id', 'role', 'mirror', 'label', 'created_at', 'created_by', 'revoked_at'])
    .orderBy('created_at')
    .execute();
}

export function revokeToken(db: DbOrTrx, id: string, at: string) {
  return db
    .updateTable('token')
    .set({ revoked_at: at })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .execute();
}

/** Refuse every token of one role that a mirror has. */
export function revokeTokensOf(db: DbOrTrx, of: { mirror: string; role: Role }, at: string) {
  return db
    .updateTable('token')
    .set({ revoked_at: at })
    .where('mirror', '=', of.mirror)
    .where('role', '=', of.role)
    .where('revoked_at', 'is', null)
    .execute();
}
