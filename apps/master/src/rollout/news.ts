import { isTerminal } from '@pushmirror/trigger';
import type { Committed } from '../archive/commit-release.ts';
import type { Attempt } from '../archive/publish.ts';
import type { Db } from '../db/open.ts';
import { countPushes, hasOpenPush } from '../db/pushes.ts';
import { findRelease } from '../db/releases.ts';
import type { PushRow, ReleaseRow } from '../db/schema.ts';
import type { Feed } from '../monitor/feed.ts';
import { publishEvent, pushEvent, rolloutEvent, type RolloutTurn } from './news-events.ts';
import { tally } from './state.ts';

/** Puts what happens to releases and their pushes into the feed, once it is on the disk. */
export interface News {
  /** A publish began, came further, or ended. */
  attempt(attempt: Attempt): void;
  /** A release exists; of these older ones pushes were still open. */
  released(committed: Pick<Committed, 'release' | 'superseded' | 'taken'>): void;
  /** A wave began, a barrier opened, or the release was held or let go. */
  turned(release: ReleaseRow, turn: RolloutTurn): void;
  /** These pushes changed. */
  moved(pushes: readonly PushRow[]): void;
  /** Resolves when all that was told is in the feed. */
  settled(): Promise<void>;
}

export interface NewsOptions {
  db: Db;
  feed: Feed;
  now: () => Date;
  /** Milliseconds on a clock that only goes forward. */
  clock?: () => number;
  onTrouble: (error: unknown) => void;
}

/** Between two events about the same phase of a publish. */
const BETWEEN_PROGRESS_MS = 200;

export function createNews(o: NewsOptions): News {
  const { db, feed, now } = o;
  const clock = o.clock ?? (() => performance.now());
  const shown = new Map<string, { serial: number; phase: string; at: number }>();
  /** Releases to look at: have all their pushes ended? Each once, however many moved. */
  const toCheck = new Set<string>();
  let chain: Promise<void> = Promise.resolve();

  const inTurn = (work: () => Promise<void>) => {
    chain = chain.then(work).catch(o.onTrouble);
  };

  /** As the release is now; what it was at the turn may have passed. */
  const sayRollout = async (archive: string, serial: number, turn: RolloutTurn) => {
    const release = await findRelease(db, archive, serial);
    if (release === undefined) return;
    const mirrors = tally(await countPushes(db, { archive, serial }));
    feed.add(rolloutEvent(release, { state: turn, at: now().toISOString(), mirrors }));
  };

  const checkEnd = (archive: string, serial: number) => {
    const name = `${archive} ${serial}`;
    if (toCheck.has(name)) return;
    toCheck.add(name);
    inTurn(async () => {
      toCheck.delete(name);
      if (!(await hasOpenPush(db, archive, serial))) await sayRollout(archive, serial, 'ended');
    });
  };

  return {
    attempt(attempt) {
      const { archive, serial } = attempt;
      const phase = attempt.outcome === undefined ? attempt.progress.phase : 'ended';
      const last = shown.get(archive);
      const known = last?.serial === serial && last.phase === phase;
      if (known && clock() - last.at < BETWEEN_PROGRESS_MS) return;
      shown.set(archive, { serial, phase, at: clock() });
      feed.add(publishEvent(attempt));
    },
    released({ release: { archive, serial }, superseded, taken }) {
      for (const push of taken) feed.add(pushEvent(push));
      inTurn(async () => {
        for (const older of superseded) await sayRollout(archive, older, 'superseded');
        await sayRollout(archive, serial, 'begun');
      });
      checkEnd(archive, serial);
    },
    turned({ archive, serial }, turn) {
      inTurn(() => sayRollout(archive, serial, turn));
    },
    moved(pushes) {
      for (const push of pushes) feed.add(pushEvent(push));
      for (const { archive, serial, state } of pushes) {
        if (isTerminal(state)) checkEnd(archive, serial);
      }
    },
    settled: () => chain,
  };
}
