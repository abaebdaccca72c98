import type { NetworkKeyRow, SshSourceRow } from './network-key-schema.ts';
import type { DbOrTrx } from './open.ts';

export function listNetworkKeys(db: DbOrTrx): Promise<NetworkKeyRow[]> {
  const all = db.selectFrom('network_key').selectAll();
  return all.orderBy('kind').orderBy('owner').orderBy('since').orderBy('public_key').execute();
}

/** Put a key in, or in the place of what was known of it. */
export async function putNetworkKey(db: DbOrTrx, row: NetworkKeyRow): Promise<void> {
  await deleteNetworkKey(db, row);
  await db.insertInto('network_key').values(row).execute();
}

export function deleteNetworkKey(
  db: DbOrTrx,
  { kind, owner, public_key }: Pick<NetworkKeyRow, 'kind' | 'owner' | 'public_key'>,
) {
  return db
    .deleteFrom('network_key')
    .where('kind', '=', kind)
    .where('owner', '=', owner)
    .where('public_key', '=', public_key)
    .execute();
}

/** Forget the keys that are accepted no longer. */
export function deleteOldNetworkKeys(db: DbOrTrx, at: string) {
  return db.deleteFrom('network_key').where('until', '<=', at).execute();
}

export function listSshSources(db: DbOrTrx): Promise<SshSourceRow[]> {
  return db.selectFrom('ssh_source').selectAll().orderBy('mirror').execute();
}

export async function putSshSource(db: DbOrTrx, row: SshSourceRow): Promise<void> {
  await deleteSshSource(db, row.mirror);
  await db.insertInto('ssh_source').values(row).execute();
}

export function deleteSshSource(db: DbOrTrx, mirror: string) {
  return db.deleteFrom('ssh_source').where('mirror', '=', mirror).execute();
}
