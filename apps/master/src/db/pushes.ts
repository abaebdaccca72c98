import type { PushState } from '@pushmirror/trigger';
import type { DbOrTrx } from './open.ts';
import type { PushRow } from './schema.ts';

/** States from which nothing more follows; the others are open. */
const CLOSED: PushState[] = ['committed', 'refused', 'given-up', 'superseded'];
/** Rows of one insert: SQLite binds at most 32,766 values in a statement. */
const ROWS_PER_INSERT = 500;

export interface PushKey {
  archive: string;
  serial: number;
  mirror: string;
}

export async function insertPushes(db: DbOrTrx, rows: readonly PushRow[]): Promise<void> {
  for (let at = 0; at < rows.length; at += ROWS_PER_INSERT) {
    await db
      .insertInto('push')
      .values(rows.slice(at, at + ROWS_PER_INSERT))
      .execute();
  }
}

export function findPush(db: DbOrTrx, key: PushKey): Promise<PushRow | undefined> {
  return db
    .selectFrom('push')
    .selectAll()
    .where('archive', '=', key.archive)
    .where('serial', '=', key.serial)
    .where('mirror', '=', key.mirror)
    .executeTakeFirst();
}

/** All pushes of one release: its rollout. */
export function pushesOf(db: DbOrTrx, archive: string, serial: number): Promise<PushRow[]> {
  return db
    .selectFrom('push')
    .selectAll()
    .where('archive', '=', archive)
    .where('serial', '=', serial)
    .orderBy('mirror')
    .execute();
}

/** Pushes that are not done: of one sender, of one archive, or untouched since a time. */
export function openPushes(
  db: DbOrTrx,
  of: { sender?: string; archive?: string; untouchedSince?: string },
): Promise<PushRow[]> {
  let query = db
    .selectFrom('push')
    .selectAll()
    .where('state', 'not in', CLOSED)
    .orderBy('archive')
    .orderBy('serial')
    .orderBy('mirror');
  if (of.sender !== undefined) query = query.where('sender', '=', of.sender);
  if (of.archive !== undefined) query = query.where('archive', '=', of.archive);
  if (of.untouchedSince !== undefined) query = query.where('updated_at', '<', of.untouchedSince);
  return query.execute();
}

export function updatePush(
  db: DbOrTrx,
  key: PushKey,
  change: Partial<Omit<PushRow, 'archive' | 'serial' | 'mirror' | 'created_at'>>,
) {
  return db
    .updateTable('push')
    .set(change)
    .where('archive', '=', key.archive)
    .where('serial', '=', key.serial)
    .where('mirror', '=', key.mirror)
    .execute();
}

/**
 * A newer release takes over every open push of the older ones of its archive; returns the serials
 * of those that had any.
 */
export async function supersedePushes(
  db: DbOrTrx,
  archive: string,
  serial: number,
  at: string,
): Promise<number[]> {
  const rows = await db
    .updateTable('push')
    .set({ state: 'superseded', updated_at: at, reason: `Release ${serial} took over.` })
    .where('archive', '=', archive)
    .where('serial', '<', serial)
    .where('state', 'not in', CLOSED)
    .returning('serial')
    .execute();
  return [...new Set(rows.map((row) => row.serial))];
}

/** Whether any push of this release is not done. */
export async function hasOpenPush(db: DbOrTrx, archive: string, serial: number): Promise<boolean> {
  const row = await db
    .selectFrom('push')
    .select('mirror')
    .where('archive', '=', archive)
    .where('serial', '=', serial)
    .where('state', 'not in', CLOSED)
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Delete at most `limit` pushes of one release, none of them open; returns how many there were. */
export async function deletePushes(
  db: DbOrTrx,
  of: { archive: string; serial: number },
  limit: number,
): Promise<number> {
  const some = db
    .selectFrom('push')
    .select('mirror')
    .where('archive', '=', of.archive)
    .where('serial', '=', of.serial)
    .where('state', 'in', CLOSED)
    .limit(limit);
  const { numDeletedRows } = await db
    .deleteFrom('push')
    .where('archive', '=', of.archive)
    .where('serial', '=', of.serial)
    .where('state', 'in', CLOSED)
    .where('mirror', 'in', some)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

/** How many pushes of each of these releases are in each state. */
export async function countPushes(
  db: DbOrTrx,
  of: { archive?: string | undefined; serial?: number; serialsFrom?: number },
): Promise<{ archive: string; serial: number; state: PushState; count: number }[]> {
  let query = db
    .selectFrom('push')
    .select(['archive', 'serial', 'state'])
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .groupBy(['archive', 'serial', 'state']);
  if (of.archive !== undefined) query = query.where('archive', '=', of.archive);
  if (of.serial !== undefined) query = query.where('serial', '=', of.serial);
  if (of.serialsFrom !== undefined) query = query.where('serial', '>=', of.serialsFrom);
  const rows = await query.execute();
  return rows.map((row) => ({ ...row, count: Number(row.count) }));
}
