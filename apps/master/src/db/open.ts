import { join } from 'node:path';
import { Kysely, type Dialect, type Transaction } from 'kysely';
import { MasterError } from '../errors.ts';
import { chainOldEntries } from './audit.ts';
import { migrate } from './migrate.ts';
import type { Tables } from './schema.ts';
import { readSetting, writeSetting } from './settings.ts';
import { asActionable } from './actionable.ts';
import { sqlite } from './sqlite.ts';

export type Db = Kysely<Tables>;
/** A database, or a transaction in it: what the statements of this folder take. */
export type DbOrTrx = Db | Transaction<Tables>;

/** Inside the state folder. */
const DATABASE = 'master.sqlite';

/**
 * Open the master's database, made when missing, and bring it to the newest shape.
 *
 * @throws MasterError `wrong-state` when it belongs to another network or a newer program.
 */
export async function openDatabase(o: {
  state: string;
  network: string;
  now: () => Date;
  dialect?: Dialect;
}): Promise<Db> {
  const db = new Kysely<Tables>({ dialect: o.dialect ?? sqlite(join(o.state, DATABASE)) });
  try {
    await migrate(db, o.now);
    await db.transaction().execute(chainOldEntries);
    await claim(db, o.network);
    return db;
  } catch (error) {
    await db.destroy().catch(() => {});
    throw asActionable(error) ?? error;
  }
}

/** A database belongs to one network: its serials mean nothing in another. */
async function claim(db: Db, network: string): Promise<void> {
  const owner = await readSetting(db, 'network');
  if (owner === undefined) return writeSetting(db, 'network', network);
  if (owner === network) return undefined;
  throw new MasterError(
    'wrong-state',
    `The database belongs to the network "${owner}", not to "${network}". Correct "network" or "state" in the configuration.`,
  );
}
