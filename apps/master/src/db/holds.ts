import type { DbOrTrx } from './open.ts';
import type { HoldRow } from './schema.ts';

export function insertHold(db: DbOrTrx, row: HoldRow) {
  return db.insertInto('hold').values(row).execute();
}

/** The hold, or the release from one, that counts for an archive now. */
export function newestHold(db: DbOrTrx, archive: string): Promise<HoldRow | undefined> {
  return db
    .selectFrom('hold')
    .selectAll()
    .where('archive', '=', archive)
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/** Note that a mirror has taken a hold; noting it again changes nothing. */
export function noteHoldTold(
  db: DbOrTrx,
  row: { archive: string; sequence: number; mirror: string; told_at: string },
) {
  return db
    .insertInto('hold_told')
    .values(row)
    .onConflict((clash) => clash.columns(['archive', 'sequence', 'mirror']).doNothing())
    .execute();
}

/** The mirrors that have taken a hold. */
export async function toldOfHold(
  db: DbOrTrx,
  hold: { archive: string; sequence: number },
): Promise<string[]> {
  const rows = await db
    .selectFrom('hold_told')
    .select('mirror')
    .where('archive', '=', hold.archive)
    .where('sequence', '=', hold.sequence)
    .execute();
  return rows.map(({ mirror }) => mirror);
}

/** The newest holds and releases from them, of one archive or of all. */
export function listHolds(
  db: DbOrTrx,
  o: { archive?: string | undefined; limit: number },
): Promise<Omit<HoldRow, 'text'>[]> {
  let query = db
    .selectFrom('hold')
    .select(['archive', 'sequence', 'epoch', 'serial', 'state', 'reason', 'issued_at', 'issued_by'])
    .orderBy('issued_at', 'desc')
    .limit(o.limit);
  if (o.archive !== undefined) query = query.where('archive', '=', o.archive);
  return query.execute();
}

/** The holds of an archive, and the releases from them, behind a sequence, oldest first. */
export function holdsAfter(
  db: DbOrTrx,
  o: { archive: string; after: number; limit: number },
): Promise<HoldRow[]> {
  return db
    .selectFrom('hold')
    .selectAll()
    .where('archive', '=', o.archive)
    .where('sequence', '>', o.after)
    .orderBy('sequence')
    .limit(o.limit)
    .execute();
}

/** The same hold under another signature. */
export function replaceHoldText(
  db: DbOrTrx,
  { archive, sequence }: Pick<HoldRow, 'archive' | 'sequence'>,
  text: string,
) {
  return db
    .updateTable('hold')
    .set({ text })
    .where('archive', '=', archive)
    .where('sequence', '=', sequence)
    .execute();
}
