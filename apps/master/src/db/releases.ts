import type { DbOrTrx } from './open.ts';
import type { ReleaseRow } from './schema.ts';

export function insertRelease(db: DbOrTrx, row: ReleaseRow) {
  return db.insertInto('release').values(row).execute();
}

/** The newest release of an archive. */
export function currentRelease(db: DbOrTrx, archive: string): Promise<ReleaseRow | undefined> {
  return db
    .selectFrom('release')
    .selectAll()
    .where('archive', '=', archive)
    .orderBy('serial', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** The newest release whose head is public: what mirrors that poll find. */
export function publicRelease(db: DbOrTrx, archive: string): Promise<ReleaseRow | undefined> {
  return db
    .selectFrom('release')
    .selectAll()
    .where('archive', '=', archive)
    .where('public_at', 'is not', null)
    .orderBy('serial', 'desc')
    .limit(1)
    .executeTakeFirst();
}

export function findRelease(
  db: DbOrTrx,
  archive: string,
  serial: number,
): Promise<ReleaseRow | undefined> {
  return db
    .selectFrom('release')
    .selectAll()
    .where('archive', '=', archive)
    .where('serial', '=', serial)
    .executeTakeFirst();
}

/** Newest first, of one archive or of all, at most `limit`; `before`: only older ones. */
export function listReleases(
  db: DbOrTrx,
  o: { archive?: string | undefined; before?: number | undefined; limit: number },
): Promise<Omit<ReleaseRow, 'head'>[]> {
  let query = db
    .selectFrom('release')
    .select(['archive', 'serial', 'epoch', 'manifest_sha256', 'manifest_bytes'])
    .select(['issued_at', 'expires_at', 'files', 'bytes', 'changed', 'dropped', 'seconds'])
    .select(['published_at', 'published_by', 'pruned_at', 'urgent', 'switch', 'waves', 'wave'])
    .select(['phase', 'phase_at', 'public_at', 'held_at', 'held_reason', 'held_by'])
    .orderBy('published_at', 'desc')
    .orderBy('serial', 'desc')
    .limit(o.limit);
  if (o.archive !== undefined) query = query.where('archive', '=', o.archive);
  if (o.before !== undefined) query = query.where('serial', '<', o.before);
  return query.execute();
}

/** The releases of an archive behind a serial, oldest first. */
export function releasesAfter(
  db: DbOrTrx,
  o: { archive: string; after: number; limit: number },
): Promise<Pick<ReleaseRow, 'archive' | 'serial' | 'phase' | 'published_at'>[]> {
  return db
    .selectFrom('release')
    .select(['archive', 'serial', 'phase', 'published_at'])
    .where('archive', '=', o.archive)
    .where('serial', '>', o.after)
    .orderBy('serial')
    .limit(o.limit)
    .execute();
}

/** When each release of an archive became public, oldest first; only the newest `limit`. */
export async function releaseTimes(
  db: DbOrTrx,
  archive: string,
  limit: number,
): Promise<{ serial: number; public_at: string }[]> {
  const rows = await db
    .selectFrom('release')
    .select(['serial', 'public_at'])
    .where('archive', '=', archive)
    .where('public_at', 'is not', null)
    .orderBy('serial', 'desc')
    .limit(limit)
    .execute();
  return rows.toReversed().map(({ serial, public_at: at }) => ({ serial, public_at: at ?? '' }));
}

/** What a head that was seen somewhere is held against: the newest `limit` releases, oldest first. */
export async function knownReleases(db: DbOrTrx, archive: string, limit: number) {
  const rows = await db
    .selectFrom('release')
    .select(['serial', 'epoch', 'manifest_sha256', 'manifest_bytes', 'expires_at', 'public_at'])
    .where('archive', '=', archive)
    .orderBy('serial', 'desc')
    .limit(limit)
    .execute();
  return rows.toReversed();
}

/** What a rollout's conductor, a hold or the release from one changes. */
export type ReleaseChange = Partial<
  Pick<
    ReleaseRow,
    'wave' | 'phase' | 'phase_at' | 'public_at' | 'held_at' | 'held_reason' | 'held_by'
  >
>;

export function updateRelease(
  db: DbOrTrx,
  of: { archive: string; serial: number },
  change: ReleaseChange,
) {
  return db
    .updateTable('release')
    .set(change)
    .where('archive', '=', of.archive)
    .where('serial', '=', of.serial)
    .execute();
}

/** Nothing is decided about older releases of an archive any more; a newer one took over. */
export function endOlderRollouts(db: DbOrTrx, archive: string, serial: number, at: string) {
  return db
    .updateTable('release')
    .set({ phase: 'done', phase_at: at })
    .where('archive', '=', archive)
    .where('serial', '<', serial)
    .where('phase', '!=', 'done')
    .execute();
}

/** The heartbeat: the same release, signed anew. */
export function replaceHead(
  db: DbOrTrx,
  of: { archive: string; serial: number },
  head: { head: string; issued_at: string; expires_at: string },
) {
  return db
    .updateTable('release')
    .set(head)
    .where('archive', '=', of.archive)
    .where('serial', '=', of.serial)
    .execute();
}

/** The releases of an archive whose pushes may still be there, newest first. */
export function unprunedReleases(
  db: DbOrTrx,
  archive: string,
): Promise<Pick<ReleaseRow, 'archive' | 'serial' | 'published_at'>[]> {
  return db
    .selectFrom('release')
    .select(['archive', 'serial', 'published_at'])
    .where('archive', '=', archive)
    .where('pruned_at', 'is', null)
    .orderBy('serial', 'desc')
    .execute();
}

/** Note that the pushes of a release are no longer there. */
export function markPruned(db: DbOrTrx, of: { archive: string; serial: number }, at: string) {
  return db
    .updateTable('release')
    .set({ pruned_at: at })
    .where('archive', '=', of.archive)
    .where('serial', '=', of.serial)
    .execute();
}
