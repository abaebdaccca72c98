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
  row: { mirror: string; instance: string; number: number },
) {
  return db
    .insertInto('report_cursor')
    .values(row)
    .onConflict((clash) =>
      clash.columns(['mirror', 'instance']).doUpdateSet({ number: row.number }),
    )
    .execute();
}
