import type { DbOrTrx } from './open.ts';
import type { ArchiveRow } from './schema.ts';

export function insertArchive(db: DbOrTrx, row: ArchiveRow) {
  return db.insertInto('archive').values(row).execute();
}

export function listArchives(db: DbOrTrx): Promise<ArchiveRow[]> {
  return db.selectFrom('archive').selectAll().orderBy('name').execute();
}

export function updatePolicy(db: DbOrTrx, name: string, policy: string | null) {
  return db.updateTable('archive').set({ policy }).where('name', '=', name).execute();
}

export function findArchive(db: DbOrTrx, name: string): Promise<ArchiveRow | undefined> {
  return db.selectFrom('archive').selectAll().where('name', '=', name).executeTakeFirst();
}
