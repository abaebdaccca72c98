import Database from 'better-sqlite3';
import { SqliteDialect, SqliteDriver, type Dialect } from 'kysely';

const BUSY_MS = 10_000;
const MOST_STATEMENTS = 500;

/**
 * SQLite as Kysely's dialect: the one file that knows which database stands behind the statements.
 * WAL with synchronous=FULL, so that a committed transaction survives kill -9 and a power cut.
 */
export function sqlite(path: string): Dialect {
  let database: Database.Database | undefined;
  const config = { database: () => Promise.resolve((database ??= open(path))) };
  const driver = new SqliteDriver(config);
  const rollback = driver.rollbackTransaction.bind(driver);
  // A full disk has SQLite roll back by itself; a second time would hide what went wrong.
  driver.rollbackTransaction = async (connection) => {
    if (database?.inTransaction !== false) await rollback(connection);
  };
  const dialect = new SqliteDialect(config);
  dialect.createDriver = () => driver;
  return dialect;
}

function open(path: string): Database.Database {
  const database = new Database(path, { timeout: BUSY_MS });
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.pragma('foreign_keys = ON');
  keepStatements(database);
  return database;
}

/**
 * Kysely prepares each statement anew, which costs more than most of them do. They are kept by their
 * text; SQLite itself prepares one again when the schema has changed. Nothing here reads a result
 * row by row, so a statement is never asked for while it runs.
 */
function keepStatements(database: Database.Database): void {
  const prepare = database.prepare.bind(database) as (sql: string) => Database.Statement;
  const kept = new Map<string, Database.Statement>();
  database.prepare = ((sql: string) => {
    const known = kept.get(sql);
    if (known !== undefined) return known;
    const statement = prepare(sql);
    kept.set(sql, statement);
    const [oldest] = kept.keys();
    if (kept.size > MOST_STATEMENTS && oldest !== undefined) kept.delete(oldest);
    return statement;
  }) as Database.Database['prepare'];
}
