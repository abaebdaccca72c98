import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { sql, type Kysely } from 'kysely';
import { MasterError } from '../errors.ts';
import type { Tables } from './schema.ts';

/** apps/master/migrations, from src/db as from dist/db. */
const FOLDER = fileURLToPath(new URL('../../migrations/', import.meta.url));

/**
 * Bring a database to the newest shape: each numbered file of migrations/ that it has not had, in
 * order, each in a transaction of its own together with the note that it was applied.
 *
 * @throws MasterError `wrong-state` when the database has had steps that this program does not know.
 */
export async function migrate(db: Kysely<Tables>, now: () => Date, folder = FOLDER): Promise<void> {
  await sql`create table if not exists migration (name text not null primary key, applied_at text not null)`.execute(
    db,
  );
  const applied = new Set(
    (await db.selectFrom('migration').select('name').execute()).map((row) => row.name),
  );
  const known = (await readdir(folder))
    .filter((name) => /^\d{4}-[a-z0-9-]+\.sql$/.test(name))
    .toSorted();
  refuseNewer(applied, known);
  for (const name of known) {
    if (!applied.has(name)) await apply(db, name, await readFile(`${folder}/${name}`, 'utf8'), now);
  }
}

async function apply(
  db: Kysely<Tables>,
  name: string,
  text: string,
  now: () => Date,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    for (const statement of statementsOf(text)) await sql.raw(statement).execute(trx);
    await trx.insertInto('migration').values({ name, applied_at: now().toISOString() }).execute();
  });
}

/** Split where a line ends with a semicolon, without comment lines. */
export function statementsOf(text: string): string[] {
  return text
    .replace(/^\s*--.*$/gm, '')
    .split(/;[ \t]*$/m)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== '');
}

function refuseNewer(applied: ReadonlySet<string>, known: readonly string[]): void {
  const unknown = [...applied].filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new MasterError(
    'wrong-state',
    `The database was used by a newer mirror-master (it has ${unknown.join(', ')}). Upgrade this one.`,
  );
}
