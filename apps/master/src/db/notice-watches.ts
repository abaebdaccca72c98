import type { DbOrTrx } from './open.ts';
import type { MirrorArchiveRow, MirrorRow } from './schema.ts';
import type { WatchRow, WatchTopic } from './notice-schema.ts';
import type { SightChangeRow, SightingRow } from './sight-schema.ts';
import { MASTER_VANTAGE } from './sightings.ts';

export function findWatch(
  db: DbOrTrx,
  of: { mirror: string; archive: string; topic: WatchTopic },
): Promise<WatchRow | undefined> {
  return db
    .selectFrom('notice_watch')
    .selectAll()
    .where('mirror', '=', of.mirror)
    .where('archive', '=', of.archive)
    .where('topic', '=', of.topic)
    .executeTakeFirst();
}

export function writeWatch(db: DbOrTrx, row: WatchRow) {
  const { mirror: _mirror, archive: _archive, topic: _topic, ...rest } = row;
  return db
    .insertInto('notice_watch')
    .values(row)
    .onConflict((clash) => clash.columns(['mirror', 'archive', 'topic']).doUpdateSet(rest))
    .execute();
}

/** All of a topic. */
export function listWatches(db: DbOrTrx, topic: WatchTopic): Promise<WatchRow[]> {
  return db.selectFrom('notice_watch').selectAll().where('topic', '=', topic).execute();
}

/** Changes of what is seen, without what was seen, oldest first. */
export function changesAfter(
  db: DbOrTrx,
  after: number,
  limit: number,
): Promise<Omit<SightChangeRow, 'evidence' | 'reason' | 'before_state'>[]> {
  return db
    .selectFrom('sight_change')
    .select(['sequence', 'at', 'mirror', 'archive', 'state', 'serial'])
    .where('sequence', '>', after)
    .orderBy('sequence')
    .limit(limit)
    .execute();
}

/** The number of the newest change; 0 when there is none. */
export async function lastChange(db: DbOrTrx): Promise<number> {
  const row = await db
    .selectFrom('sight_change')
    .select('sequence')
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.sequence ?? 0;
}

/** Mirrors that said last that a sync failed. */
export function failedClaims(db: DbOrTrx): Promise<MirrorArchiveRow[]> {
  return db.selectFrom('mirror_archive').selectAll().where('said_event', '=', 'failed').execute();
}

/** A sight about which something may have to be decided, with the newest look of the master. */
export type PendingSight = WatchRow & Pick<SightingRow, 'at' | 'state' | 'lacks_since'>;

export function pendingSights(db: DbOrTrx): Promise<PendingSight[]> {
  return db
    .selectFrom('notice_watch')
    .innerJoin('sighting', (join) =>
      join
        .onRef('sighting.mirror', '=', 'notice_watch.mirror')
        .onRef('sighting.archive', '=', 'notice_watch.archive'),
    )
    .selectAll('notice_watch')
    .select(['sighting.at', 'sighting.state', 'sighting.lacks_since'])
    .where('notice_watch.topic', '=', 'sight')
    .where('sighting.vantage', '=', MASTER_VANTAGE)
    .whereRef('notice_watch.class', '!=', 'notice_watch.settled')
    .execute();
}

/** How many mirrors the master looks at, and how many of them did not answer over anything. */
export async function countSighted(db: DbOrTrx): Promise<{ all: number; unreachable: number }> {
  const rows = await db
    .selectFrom('sighting')
    .select(['mirror', 'state'])
    .distinct()
    .where('vantage', '=', MASTER_VANTAGE)
    .execute();
  const answering = new Set(
    rows.filter(({ state }) => state !== 'unreachable').map(({ mirror }) => mirror),
  );
  const all = new Set(rows.map(({ mirror }) => mirror)).size;
  return { all, unreachable: all - answering.size };
}

/** Of mirrors and archives that nobody looks at any more. */
export async function deleteStrayWatches(db: DbOrTrx): Promise<void> {
  await db
    .deleteFrom('notice_watch')
    .where('archive', '!=', '')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('mirror_archive')
            .select('mirror_archive.mirror')
            .whereRef('mirror_archive.mirror', '=', 'notice_watch.mirror')
            .whereRef('mirror_archive.archive', '=', 'notice_watch.archive'),
        ),
      ),
    )
    .execute();
  await db
    .deleteFrom('notice_watch')
    .where('mirror', 'in', (eb) =>
      eb.selectFrom('mirror').select('mirror.name').where('mirror.state', '=', 'left'),
    )
    .execute();
}

/** The mirrors in quarantine. */
export function quarantineNow(
  db: DbOrTrx,
): Promise<Pick<MirrorRow, 'name' | 'quarantined_at' | 'quarantine_reason' | 'quarantine_by'>[]> {
  return db
    .selectFrom('mirror')
    .select(['name', 'quarantined_at', 'quarantine_reason', 'quarantine_by'])
    .where('quarantined_at', 'is not', null)
    .execute();
}

/** The mirrors whose certificate, as the master saw it, ends before a moment; the first to end. */
export async function certificatesUntil(
  db: DbOrTrx,
  before: string,
): Promise<{ mirror: string; archive: string; until: string }[]> {
  const rows = await db
    .selectFrom('sighting')
    .select(['mirror', 'archive', 'certificate_until'])
    .where('vantage', '=', MASTER_VANTAGE)
    .where('certificate_until', '<', before)
    .orderBy('certificate_until')
    .execute();
  const first = new Map<string, { mirror: string; archive: string; until: string }>();
  for (const { mirror, archive, certificate_until: until } of rows) {
    if (until !== null && !first.has(mirror)) first.set(mirror, { mirror, archive, until });
  }
  return [...first.values()];
}

export async function readCursor(db: DbOrTrx, name: string): Promise<number | undefined> {
  const row = await db
    .selectFrom('notice_cursor')
    .select('at')
    .where('name', '=', name)
    .executeTakeFirst();
  return row?.at;
}

export function writeCursor(db: DbOrTrx, name: string, at: number) {
  return db
    .insertInto('notice_cursor')
    .values({ name, at })
    .onConflict((clash) => clash.column('name').doUpdateSet({ at }))
    .execute();
}
