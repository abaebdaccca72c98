import type { PushState } from '@pushmirror/trigger';
import type { DbOrTrx } from './open.ts';
import type { MirrorRow, PushRow } from './schema.ts';

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
 * A newer release takes over the open pushes of the older ones of its archive; returns them as they
 * are now. A mirror whose wave (`wave` and before have their turn) has not come keeps the push of an
 * older release that is public: until then that is what it should have.
 */
export function supersedePushes(
  db: DbOrTrx,
  by: { archive: string; serial: number; wave: number },
  at: string,
): Promise<PushRow[]> {
  const { archive, serial, wave } = by;
  const waiting = db
    .selectFrom('push as newer')
    .select('newer.mirror')
    .where('newer.archive', '=', archive)
    .where('newer.serial', '=', serial)
    .where('newer.wave', '>', wave);
  const unpublic = db
    .selectFrom('release')
    .select('release.serial')
    .where('release.archive', '=', archive)
    .where('release.public_at', 'is', null);
  return db
    .updateTable('push')
    .set({ state: 'superseded', updated_at: at, reason: `Release ${serial} took over.` })
    .where('archive', '=', archive)
    .where('serial', '<', serial)
    .where('state', 'not in', CLOSED)
    .where(({ eb, or }) => or([eb('mirror', 'not in', waiting), eb('serial', 'in', unpublic)]))
    .returningAll()
    .execute();
}

/** A push of a wave, with what decides whether it counts there. */
export interface WavePush extends PushRow {
  kind: MirrorRow['kind'];
  stock: MirrorRow['stock'];
}

/** The pushes of one wave of a release, by name. */
export function pushesOfWave(
  db: DbOrTrx,
  of: { archive: string; serial: number; wave: number },
): Promise<WavePush[]> {
  return db
    .selectFrom('push')
    .innerJoin('mirror', 'mirror.name', 'push.mirror')
    .selectAll('push')
    .select(['mirror.kind', 'mirror.stock'])
    .where('push.archive', '=', of.archive)
    .where('push.serial', '=', of.serial)
    .where('push.wave', '=', of.wave)
    .orderBy('push.mirror')
    .execute();
}

/** The waves of some releases: how many pushes of each are in each state. */
export async function countWaves(
  db: DbOrTrx,
  of: { archive: string; serial: number },
): Promise<{ wave: number; state: PushState; count: number }[]> {
  const rows = await db
    .selectFrom('push')
    .select(['wave', 'state'])
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('archive', '=', of.archive)
    .where('serial', '=', of.serial)
    .groupBy(['wave', 'state'])
    .execute();
  return rows.map((row) => ({ ...row, count: Number(row.count) }));
}

/** The wave goes on without these; returns them as they are now. */
export async function leaveBehind(
  db: DbOrTrx,
  of: { archive: string; serial: number },
  mirrors: readonly string[],
  at: string,
): Promise<PushRow[]> {
  const rows: PushRow[] = [];
  for (let from = 0; from < mirrors.length; from += ROWS_PER_INSERT) {
    const some = mirrors.slice(from, from + ROWS_PER_INSERT);
    rows.push(
      ...(await db
        .updateTable('push')
        .set({ left_behind_at: at, updated_at: at })
        .where('archive', '=', of.archive)
        .where('serial', '=', of.serial)
        .where('mirror', 'in', some)
        .where('left_behind_at', 'is', null)
        .returningAll()
        .execute()),
    );
  }
  return rows;
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
