import type { RsyncSecretRow } from './access-schema.ts';
import type { DbOrTrx } from './open.ts';

export function listRsyncSecrets(db: DbOrTrx): Promise<RsyncSecretRow[]> {
  const all = db.selectFrom('rsync_secret').selectAll();
  return all.orderBy('upstream').orderBy('mirror').orderBy('number').execute();
}

export async function insertRsyncSecrets(
  db: DbOrTrx,
  rows: readonly RsyncSecretRow[],
): Promise<void> {
  for (const row of rows) await db.insertInto('rsync_secret').values(row).execute();
}

/** Let the secrets in use run out at a moment: a mirror's at one upstream. */
export function retireRsyncSecrets(
  db: DbOrTrx,
  of: { upstream: string; mirror: string },
  retiresAt: string,
) {
  return db
    .updateTable('rsync_secret')
    .set({ retires_at: retiresAt })
    .where('upstream', '=', of.upstream)
    .where('mirror', '=', of.mirror)
    .where('retires_at', 'is', null)
    .execute();
}

/** Forget one that is no longer accepted, or of a pair that is no more. */
export function deleteRsyncSecret(
  db: DbOrTrx,
  { upstream, mirror, number }: Pick<RsyncSecretRow, 'upstream' | 'mirror' | 'number'>,
) {
  return db
    .deleteFrom('rsync_secret')
    .where('upstream', '=', upstream)
    .where('mirror', '=', mirror)
    .where('number', '=', number)
    .execute();
}
