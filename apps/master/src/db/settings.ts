import type { DbOrTrx } from './open.ts';

export async function readSetting(db: DbOrTrx, name: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('setting')
    .select('value')
    .where('name', '=', name)
    .executeTakeFirst();
  return row?.value;
}

export async function writeSetting(db: DbOrTrx, name: string, value: string): Promise<void> {
  await db
    .insertInto('setting')
    .values({ name, value })
    .onConflict((clash) => clash.column('name').doUpdateSet({ value }))
    .execute();
}

export function deleteSetting(db: DbOrTrx, name: string) {
  return db.deleteFrom('setting').where('name', '=', name).execute();
}
