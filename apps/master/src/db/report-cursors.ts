import { sql } from 'kysely';
import type { DbOrTrx } from './open.ts';

/** The number of the last report taken from this state folder of this mirror; 0 when none was. */
export async function readCursor(
  db: DbOrTrx,
  of: { mirror: string; instance: string },
): Promise<number> {
  const row = await db
    .selectFrom('report_cursor')
    .select('number')
    .where('mirror', '=', of.mirror)
    .where('instance', '=', of.instance)
    .executeTakeFirst();
  return row?.number ?? 0;
}

export function writeCursor(
  db: DbOrTrx,
  row: { mirror: string; instance: string; number: number; taken_at: string },
) {
  return db
    .insertInto('report_cursor')
    .values(row)
    .onConflict((clash) =>
      clash
        .columns(['mirror', 'instance'])
        .doUpdateSet({ number: row.number, taken_at: row.taken_at }),
    )
    .execute();
}

/**
 * Forget state folders that a mirror no longer speaks from: all but its newest `keep`, and any that
 * was silent since a time, but never its last one. At most `limit` at once; returns how many.
 */
export async function deleteOldCursors(
  db: DbOrTrx,
  o: { silentSince: string; keep: number; limit: number },
): Promise<number> {
  const old = db
    .with('ranked', (query) =>
      query
        .selectFrom('report_cursor')
        .select(['mirror', 'instance', 'taken_at'])
        .select(
          sql<number>`row_number() over (partition by mirror order by coalesce(taken_at, '') desc, instance)`.as(
            'place',
          ),
        ),
    )
    .selectFrom('ranked')
    .select(['mirror', 'instance'])
    .where('place', '>', 1)
    .where(({ eb, or }) => or([eb('place', '>', o.keep), eb('taken_at', '<', o.silentSince)]))
    .limit(o.limit);
  const rows = await old.execute();
  for (const { mirror, instance } of rows) {
    await db
      .deleteFrom('report_cursor')
      .where('mirror', '=', mirror)
      .where('instance', '=', instance)
      .execute();
  }
  return rows.length;
}
