import type { DbOrTrx } from './open.ts';
import type { MirrorRow } from './schema.ts';

export function insertMirror(db: DbOrTrx, row: MirrorRow) {
  return db.insertInto('mirror').values(row).execute();
}

export function listMirrors(db: DbOrTrx): Promise<MirrorRow[]> {
  return db.selectFrom('mirror').selectAll().orderBy('name').execute();
}

export function findMirror(db: DbOrTrx, name: string): Promise<MirrorRow | undefined> {
  return db.selectFrom('mirror').selectAll().where('name', '=', name).executeTakeFirst();
}

export function updateMirror(db: DbOrTrx, name: string, change: Partial<Omit<MirrorRow, 'name'>>) {
  return db.updateTable('mirror').set(change).where('name', '=', name).execute();
}

/** The mirrors in quarantine; of these only, where some are named. */
export async function listQuarantined(
  db: DbOrTrx,
  names: readonly string[],
): Promise<{ name: string; at: string; reason: string | null }[]> {
  let query = db
    .selectFrom('mirror')
    .select(['name', 'quarantined_at as at', 'quarantine_reason as reason'])
    .where('quarantined_at', 'is not', null);
  if (names.length > 0) query = query.where('name', 'in', names);
  const rows = await query.execute();
  return rows.flatMap(({ name, at, reason }) => (at === null ? [] : [{ name, at, reason }]));
}
