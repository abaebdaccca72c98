import type { DbOrTrx } from './open.ts';
import type { VantageRow } from './sight-schema.ts';

export function findVantage(db: DbOrTrx, mirror: string): Promise<VantageRow | undefined> {
  return db.selectFrom('vantage').selectAll().where('mirror', '=', mirror).executeTakeFirst();
}

export function insertVantage(db: DbOrTrx, row: VantageRow) {
  return db
    .insertInto('vantage')
    .values(row)
    .onConflict((conflict) => conflict.column('mirror').doNothing())
    .execute();
}

/** With all that it saw: it counts for nothing any more. */
export async function deleteVantage(trx: DbOrTrx, mirror: string): Promise<void> {
  await trx.deleteFrom('vantage').where('mirror', '=', mirror).execute();
  await trx.deleteFrom('sighting').where('vantage', '=', mirror).execute();
}

export function noteVantage(db: DbOrTrx, mirror: string, at: string) {
  return db.updateTable('vantage').set({ last_at: at }).where('mirror', '=', mirror).execute();
}

/** Those that have handed in what they saw, since a moment. */
export async function listLooking(db: DbOrTrx, since: string): Promise<string[]> {
  const rows = await db
    .selectFrom('vantage')
    .select('mirror')
    .where('last_at', '>=', since)
    .orderBy('mirror')
    .execute();
  return rows.map(({ mirror }) => mirror);
}
