import { listArchives } from '../db/archives.ts';
import { readCursor, writeCursor } from '../db/notice-watches.ts';
import type { Db, DbOrTrx } from '../db/open.ts';
import { holdsAfter } from '../db/holds.ts';
import { hasOpenPush, pushesOf } from '../db/pushes.ts';
import { releasesAfter } from '../db/releases.ts';
import type { HoldRow, PushRow, ReleaseRow } from '../db/schema.ts';
import { isTerminal } from '@pushmirror/trigger/push-state';
import { emit, type EmitOptions } from './emit.ts';
import { NO_FACTS, type NoticeFacts } from './facts.ts';
import { noticeId } from './ids.ts';

const A_ROUND = 50;
const MOST_NAMED = 10;

/** Holds, their ends, and the ends of rollouts, in their order; each once. */
export async function watchRollouts(db: Db, o: EmitOptions): Promise<void> {
  for (const { name } of await listArchives(db)) {
    await db.transaction().execute(async (trx) => {
      await takeEnds(trx, name, o); // Of an older release, before the hold of a newer one.
      await takeHolds(trx, name, o);
    });
  }
}

export function holdCursor(archive: string): string {
  return `hold ${archive}`;
}

export function endCursor(archive: string): string {
  return `end ${archive}`;
}

async function takeHolds(trx: DbOrTrx, archive: string, o: EmitOptions): Promise<void> {
  const reached = (await readCursor(trx, holdCursor(archive))) ?? 0;
  const holds = await holdsAfter(trx, { archive, after: reached, limit: A_ROUND });
  for (const hold of holds) {
    const { serial, sequence, state } = hold;
    const id = noticeId('hold', archive, sequence);
    const facts = await holdFacts(trx, hold);
    const told = { id, archive, serial, facts };
    // What is let go is what was held before.
    const incident = noticeId('hold', archive, sequence - 1);
    if (state === 'held') await emit(trx, { ...told, kind: 'held' }, o);
    else await emit(trx, { ...told, kind: 'resumed', incident }, o);
  }
  const last = holds.at(-1)?.sequence;
  if (last !== undefined) await writeCursor(trx, holdCursor(archive), last);
}

/** Stops at one that has not ended, so that none is passed over. */
async function takeEnds(trx: DbOrTrx, archive: string, o: EmitOptions): Promise<void> {
  const reached = (await readCursor(trx, endCursor(archive))) ?? 0;
  for (const release of await releasesAfter(trx, { archive, after: reached, limit: A_ROUND })) {
    const { serial, phase } = release;
    if (phase !== 'done' || (await hasOpenPush(trx, archive, serial))) return;
    const pushes = await pushesOf(trx, archive, serial);
    if (pushes.length > 0) {
      const facts = endFacts(release, pushes);
      const id = noticeId('ended', archive, serial);
      await emit(trx, { id, kind: 'ended', archive, serial, facts }, o);
    }
    await writeCursor(trx, endCursor(archive), serial);
  }
}

async function holdFacts(trx: DbOrTrx, hold: HoldRow): Promise<NoticeFacts> {
  const { archive, serial, state, reason, issued_at: at, issued_by: by } = hold;
  const pushes = await pushesOf(trx, archive, serial);
  const held = state === 'held';
  return {
    ...NO_FACTS,
    title: `${archive} ${serial} ${held ? 'is held' : 'goes on'}`,
    state: held ? `held by ${by}` : `goes on, on the word of ${by}`,
    since: at,
    reason: reason ?? (held ? 'No reason was given.' : null),
    rollout: summary(pushes),
    page: releasePage(archive, serial),
  };
}

function endFacts(
  release: Pick<ReleaseRow, 'archive' | 'serial' | 'published_at'>,
  pushes: readonly PushRow[],
): NoticeFacts {
  const { archive, serial, published_at: published } = release;
  const rollout = summary(pushes);
  const superseded = pushes.find(({ state }) => state === 'superseded');
  const last = pushes.reduce((a, { updated_at: b }) => (a > b ? a : b), published);
  const all = rollout.committed === rollout.total;
  const count = `${rollout.committed} of ${rollout.total} mirrors`;
  return {
    ...NO_FACTS,
    title: `${archive} ${serial}: ${all ? `all ${rollout.total} mirrors have it` : `ended with ${count}`}`,
    state: superseded === undefined ? 'ended' : 'ended: a newer release took over',
    since: last,
    reason: superseded?.reason ?? null,
    newest: { serial, publishedAt: published },
    rollout,
    page: releasePage(archive, serial),
  };
}

function summary(pushes: readonly PushRow[]): NonNullable<NoticeFacts['rollout']> {
  const lacking = pushes.filter(({ state }) => state !== 'committed');
  const names = lacking.slice(0, MOST_NAMED).map(({ mirror, state, reason }) => {
    return `${mirror}: ${state}${reason === null ? '' : ` (${reason})`}`;
  });
  const more = lacking.length - names.length;
  return {
    total: pushes.length,
    committed: pushes.length - lacking.length,
    failed: lacking.filter(({ state }) => isTerminal(state)).length,
    lacking: more > 0 ? [...names, `and ${more} more`] : names,
  };
}

function releasePage(archive: string, serial: number): string {
  return `/archives/${encodeURIComponent(archive)}/releases/${serial}`;
}
