import { setTimeout as delay } from 'node:timers/promises';
import type { Stage } from '@pushmirror/trigger';

/** The words of stock runmirrors for one stage; each blocks until its stage is done. */
export interface StagedPushes {
  /**
   * Do a stage. Words are done one after the other, so that a stage 2 that comes during stage 1
   * follows it; of those that wait, equal ones are one. `busy` when it did not succeed.
   */
  take(stage: 'stage1' | 'stage2', mhop: boolean): Promise<'accepted' | 'busy'>;
  /** How far news that are found upstream may be taken: no further than staged until stage 2. */
  stage(): Stage;
}

export interface StagedPushesOptions {
  /** Bring the tree so far; false when that failed. Never throws. */
  run: (stage: 'stage1' | 'stage2') => Promise<boolean>;
  /** Whether those below have done as much; asked again and again for `mhop`. */
  areBelowDone: () => boolean;
  /** So long a stage 1 waits for its stage 2, and mhop for those below. */
  patienceMs?: number;
  /** These words carry no signature: the same one is not begun more often than this. */
  pauseMs?: number;
  /** Monotonic milliseconds. */
  clock: () => number;
  signal: AbortSignal;
}

/** As runmirrors' PUSHDELAY, three times over. */
const PATIENCE_MS = 30 * 60_000;
const PAUSE_MS = 5_000;
const LOOK_BELOW_MS = 250;

export function createStagedPushes(options: StagedPushesOptions): StagedPushes {
  const { run, clock, signal, patienceMs = PATIENCE_MS, pauseMs = PAUSE_MS } = options;
  const waiting = new Map<string, Promise<'accepted' | 'busy'>>();
  const begunAt = new Map<string, number>();
  let last: Promise<unknown> = Promise.resolve();
  let stagedUntil = Number.NEGATIVE_INFINITY;

  async function doOne(stage: 'stage1' | 'stage2', mhop: boolean): Promise<'accepted' | 'busy'> {
    const dueAt = (begunAt.get(stage) ?? Number.NEGATIVE_INFINITY) + pauseMs;
    if (!(await sleep(dueAt - clock()))) return 'busy';
    waiting.delete(nameOf(stage, mhop));
    begunAt.set(stage, clock());
    stagedUntil = stage === 'stage1' ? clock() + patienceMs : Number.NEGATIVE_INFINITY;
    if (!(await run(stage))) return 'busy';
    if (mhop && stage === 'stage1') await waitBelow();
    return 'accepted';
  }

  /** As runmirrors does, it goes on without those that take too long. */
  async function waitBelow(): Promise<void> {
    const until = clock() + patienceMs;
    while (clock() < until && !options.areBelowDone()) {
      if (!(await sleep(LOOK_BELOW_MS))) return;
    }
  }

  async function sleep(ms: number): Promise<boolean> {
    if (ms > 0) await delay(ms, undefined, { signal }).catch(() => {});
    return !signal.aborted;
  }

  return {
    take(stage, mhop) {
      const name = nameOf(stage, mhop);
      const known = waiting.get(name);
      if (known !== undefined) return known;
      const mine = last.then(() => doOne(stage, mhop)).catch((): 'busy' => 'busy');
      waiting.set(name, mine);
      last = mine;
      return mine;
    },
    stage: () => (clock() < stagedUntil ? 'stage1' : 'all'),
  };
}

function nameOf(stage: string, mhop: boolean): string {
  return mhop ? `${stage} mhop` : stage;
}
