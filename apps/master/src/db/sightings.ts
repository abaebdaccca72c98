import type { DbOrTrx } from './open.ts';
import type { SightChangeRow, SightErrorRow, SightingRow } from './sight-schema.ts';

/** Who the master is among the vantage points. */
export const MASTER_VANTAGE = 'master';

/** The newest looks: of one archive, mirror or vantage point, or of all. */
export function listSightings(
  db: DbOrTrx,
  of: { archive?: string; mirror?: string; vantage?: string } = {},
): Promise<SightingRow[]> {
  let query = db.selectFrom('sighting').selectAll().orderBy('archive').orderBy('mirror');
  if (of.archive !== undefined) query = query.where('archive', '=', of.archive);
  if (of.mirror !== undefined) query = query.where('mirror', '=', of.mirror);
  if (of.vantage !== undefined) query = query.where('vantage', '=', of.vantage);
  return query.execute();
}

/** The same without what fills a page of its own: for lists of many mirrors. */
export type BriefSighting = Omit<SightingRow, 'trace' | 'endpoints' | 'evidence'>;

/** What the master itself last saw, of one archive or of all. */
export function listBriefSightings(db: DbOrTrx, archive?: string): Promise<BriefSighting[]> {
  let query = db
    .selectFrom('sighting')
    .select(['mirror', 'archive', 'vantage', 'at', 'state', 'since', 'reason', 'basis'])
    .select(['epoch', 'serial', 'lacks', 'lacks_since', 'highest_epoch', 'highest_serial'])
    .select(['response_ms', 'certificate_until', 'trace_at'])
    .where('vantage', '=', MASTER_VANTAGE)
    .orderBy('archive')
    .orderBy('mirror');
  if (archive !== undefined) query = query.where('archive', '=', archive);
  return query.execute();
}

export function findSighting(
  db: DbOrTrx,
  of: { mirror: string; archive: string; vantage: string },
): Promise<SightingRow | undefined> {
  return db
    .selectFrom('sighting')
    .selectAll()
    .where('mirror', '=', of.mirror)
    .where('archive', '=', of.archive)
    .where('vantage', '=', of.vantage)
    .executeTakeFirst();
}

export function writeSighting(db: DbOrTrx, row: SightingRow) {
  const { mirror: _mirror, archive: _archive, vantage: _vantage, ...rest } = row;
  return db
    .insertInto('sighting')
    .values(row)
    .onConflict((conflict) => conflict.columns(['mirror', 'archive', 'vantage']).doUpdateSet(rest))
    .execute();
}

/** Note that a mirror became another state; returns the change with its number. */
export async function appendSightChange(
  trx: DbOrTrx,
  change: Omit<SightChangeRow, 'sequence'>,
): Promise<SightChangeRow> {
  const last = await trx
    .selectFrom('sight_change')
    .select('sequence')
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  const row = { sequence: (last?.sequence ?? 0) + 1, ...change };
  await trx.insertInto('sight_change').values(row).execute();
  return row;
}

export interface ChangesWanted {
  archive?: string;
  /** Only of these. */
  archives?: readonly string[];
  mirror?: string;
  /** Only those with a larger number: oldest first. */
  after?: number;
  /** Only those with a smaller number: newest first, which is also the order without either. */
  before?: number;
  limit: number;
}

/** How mirrors changed, as the master saw it. */
export function listSightChanges(db: DbOrTrx, o: ChangesWanted): Promise<SightChangeRow[]> {
  let query = db
    .selectFrom('sight_change')
    .selectAll()
    .orderBy('sequence', o.after === undefined ? 'desc' : 'asc')
    .limit(o.limit);
  if (o.archive !== undefined) query = query.where('archive', '=', o.archive);
  if (o.archives !== undefined) query = query.where('archive', 'in', o.archives);
  if (o.mirror !== undefined) query = query.where('mirror', '=', o.mirror);
  if (o.after !== undefined) query = query.where('sequence', '>', o.after);
  if (o.before !== undefined) query = query.where('sequence', '<', o.before);
  return query.execute();
}

/** One more failing of this kind. */
export function countSightError(
  db: DbOrTrx,
  error: { mirror: string; archive: string; state: SightErrorRow['state']; at: string },
  reason: string,
) {
  const { at, ...of } = error;
  return db
    .insertInto('sight_error')
    .values({ ...of, count: 1, first_at: at, last_at: at, last_reason: reason })
    .onConflict((conflict) =>
      conflict.columns(['mirror', 'archive', 'state']).doUpdateSet((eb) => ({
        count: eb('sight_error.count', '+', 1),
        last_at: at,
        last_reason: reason,
      })),
    )
    .execute();
}

/** What went wrong with a mirror and how often, the newest first. */
export function listSightErrors(db: DbOrTrx, mirror: string): Promise<SightErrorRow[]> {
  return db
    .selectFrom('sight_error')
    .selectAll()
    .where('mirror', '=', mirror)
    .orderBy('last_at', 'desc')
    .execute();
}

/** Delete at most `limit` changes of before a moment, the oldest first; returns how many. */
export async function deleteOldChanges(
  db: DbOrTrx,
  o: { before: string; limit: number },
): Promise<number> {
  const rows = await db
    .selectFrom('sight_change')
    .select('at')
    .where('at', '<', o.before)
    .orderBy('at')
    .limit(o.limit)
    .execute();
  const last = rows.at(-1)?.at;
  if (last === undefined) return 0;
  await db.deleteFrom('sight_change').where('at', '<=', last).execute();
  return rows.length;
}

/** What was seen of a mirror that does not carry the archive any more. */
export async function deleteStraySightings(db: DbOrTrx): Promise<void> {
  for (const table of ['sighting', 'mirror_metric'] as const) {
    await db
      .deleteFrom(table)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom('mirror_archive')
              .select('mirror_archive.mirror')
              .whereRef('mirror_archive.mirror', '=', `${table}.mirror`)
              .whereRef('mirror_archive.archive', '=', `${table}.archive`),
          ),
        ),
      )
      .execute();
  }
}
