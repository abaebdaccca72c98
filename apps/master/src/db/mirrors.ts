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
