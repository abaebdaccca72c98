import type { DbOrTrx } from './open.ts';
import type { MirrorArchiveRow } from './schema.ts';

export function insertOptIn(
  db: DbOrTrx,
  row: { mirror: string; archive: string; opted_in_at: string },
) {
  return db.insertInto('mirror_archive').values(row).execute();
}

/** Every opt-in with the mirror's last claims; of one archive or one mirror when asked. */
export function listOptIns(
  db: DbOrTrx,
  of: { archive?: string; mirror?: string } = {},
): Promise<MirrorArchiveRow[]> {
  let query = db.selectFrom('mirror_archive').selectAll().orderBy('archive').orderBy('mirror');
  if (of.archive !== undefined) query = query.where('archive', '=', of.archive);
  if (of.mirror !== undefined) query = query.where('mirror', '=', of.mirror);
  return query.execute();
}

/** Write down what a mirror said, or what was observed of it. */
export function updateClaim(
  db: DbOrTrx,
  of: { mirror: string; archive: string },
  claim: Partial<Omit<MirrorArchiveRow, 'mirror' | 'archive' | 'opted_in_at'>>,
) {
  return db
    .updateTable('mirror_archive')
    .set(claim)
    .where('mirror', '=', of.mirror)
    .where('archive', '=', of.archive)
    .execute();
}

/** Of one archive, or of all. */
export function deleteOptIns(db: DbOrTrx, mirror: string, archive?: string) {
  let query = db.deleteFrom('mirror_archive').where('mirror', '=', mirror);
  if (archive !== undefined) query = query.where('archive', '=', archive);
  return query.execute();
}
