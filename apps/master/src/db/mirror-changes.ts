import type { DbOrTrx } from './open.ts';
import type { MirrorChangeRow } from './operator-schema.ts';

/** In place of one that was asked for before. */
export async function writeMirrorChange(db: DbOrTrx, row: MirrorChangeRow): Promise<void> {
  await deleteMirrorChange(db, row.mirror);
  await db.insertInto('mirror_change').values(row).execute();
}

export function findMirrorChange(
  db: DbOrTrx,
  mirror: string,
): Promise<MirrorChangeRow | undefined> {
  return db.selectFrom('mirror_change').selectAll().where('mirror', '=', mirror).executeTakeFirst();
}

export function deleteMirrorChange(db: DbOrTrx, mirror: string) {
  return db.deleteFrom('mirror_change').where('mirror', '=', mirror).execute();
}
