import type { DbOrTrx } from './open.ts';
import type { MetricRow, ProbeSumRow, PropagationRow } from './sight-schema.ts';

export type SumTable = 'probe_hour' | 'probe_day';

/** Hours or days of looks, oldest first, from a moment on; of one mirror or archive, or of all. */
export function listSums(
  db: DbOrTrx,
  table: SumTable,
  o: { since: string; until?: string; mirror?: string; archive?: string },
): Promise<ProbeSumRow[]> {
  let query = db
    .selectFrom(table)
    .selectAll()
    .where('start', '>=', o.since)
    .orderBy('mirror')
    .orderBy('archive')
    .orderBy('start');
  if (o.until !== undefined) query = query.where('start', '<', o.until);
  if (o.mirror !== undefined) query = query.where('mirror', '=', o.mirror);
  if (o.archive !== undefined) query = query.where('archive', '=', o.archive);
  return query.execute();
}

/** Hours or days of one mirror and archive, newest first; `before`: only those that began earlier. */
export function listNewestSums(
  db: DbOrTrx,
  table: SumTable,
  o: { mirror: string; archive: string; before?: string | undefined; limit: number },
): Promise<ProbeSumRow[]> {
  let query = db
    .selectFrom(table)
    .selectAll()
    .where('mirror', '=', o.mirror)
    .where('archive', '=', o.archive)
    .orderBy('start', 'desc')
    .limit(o.limit);
  if (o.before !== undefined) query = query.where('start', '<', o.before);
  return query.execute();
}

export function findSum(
  db: DbOrTrx,
  table: SumTable,
  of: { mirror: string; archive: string; start: string },
): Promise<ProbeSumRow | undefined> {
  return db
    .selectFrom(table)
    .selectAll()
    .where('mirror', '=', of.mirror)
    .where('archive', '=', of.archive)
    .where('start', '=', of.start)
    .executeTakeFirst();
}

export function writeSum(db: DbOrTrx, table: SumTable, row: ProbeSumRow) {
  const { mirror: _mirror, archive: _archive, start: _start, ...rest } = row;
  return db
    .insertInto(table)
    .values(row)
    .onConflict((conflict) => conflict.columns(['mirror', 'archive', 'start']).doUpdateSet(rest))
    .execute();
}

/** The figures of mirrors as they were last worked out: of one archive or mirror, or of all. */
export function listMetrics(
  db: DbOrTrx,
  of: { archive?: string; mirror?: string } = {},
): Promise<MetricRow[]> {
  let query = db.selectFrom('mirror_metric').selectAll().orderBy('archive').orderBy('mirror');
  if (of.archive !== undefined) query = query.where('archive', '=', of.archive);
  if (of.mirror !== undefined) query = query.where('mirror', '=', of.mirror);
  return query.execute();
}

export function writeMetric(db: DbOrTrx, row: MetricRow) {
  const { mirror: _mirror, archive: _archive, ...rest } = row;
  return db
    .insertInto('mirror_metric')
    .values(row)
    .onConflict((conflict) => conflict.columns(['mirror', 'archive']).doUpdateSet(rest))
    .execute();
}

/** How releases of an archive spread, the newest first; of one release, or at most `limit` rows. */
export function listPropagation(
  db: DbOrTrx,
  o: {
    archive: string;
    serial?: number;
    basis?: PropagationRow['basis'];
    /** 0: only all tiers together. */
    tier?: number;
    limit: number;
  },
): Promise<PropagationRow[]> {
  let query = db
    .selectFrom('propagation')
    .selectAll()
    .where('archive', '=', o.archive)
    .orderBy('serial', 'desc')
    .orderBy('basis')
    .orderBy('tier')
    .limit(o.limit);
  if (o.serial !== undefined) query = query.where('serial', '=', o.serial);
  if (o.basis !== undefined) query = query.where('basis', '=', o.basis);
  if (o.tier !== undefined) query = query.where('tier', '=', o.tier);
  return query.execute();
}

export function writePropagation(db: DbOrTrx, row: PropagationRow) {
  const { archive: _archive, serial: _serial, basis: _basis, tier: _tier, ...rest } = row;
  return db
    .insertInto('propagation')
    .values(row)
    .onConflict((conflict) =>
      conflict.columns(['archive', 'serial', 'basis', 'tier']).doUpdateSet(rest),
    )
    .execute();
}

/** Delete at most `limit` hours or days that began before a moment; returns how many. */
export async function deleteOldSums(
  db: DbOrTrx,
  table: SumTable,
  o: { before: string; limit: number },
): Promise<number> {
  const rows = await db
    .selectFrom(table)
    .select(['mirror', 'archive', 'start'])
    .where('start', '<', o.before)
    .orderBy('start')
    .limit(o.limit)
    .execute();
  for (const { mirror, archive, start } of rows) {
    await db
      .deleteFrom(table)
      .where('mirror', '=', mirror)
      .where('archive', '=', archive)
      .where('start', '=', start)
      .execute();
  }
  return rows.length;
}
