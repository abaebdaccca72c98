import { compareHeads, type SignedHead } from '@pushmirror/trigger';

/** How an archive stands, as far as it matters for what to do next. Times are epoch milliseconds. */
export interface Situation {
  /** The newest head heard of. */
  goal: SignedHead | undefined;
  /** The head that the tree is at. */
  committed: SignedHead | undefined;
  /** The head of the release that is staged beside it. */
  staged?: SignedHead | undefined;
  /** Readers may be given the goal's release. */
  mayCommit: boolean;
  /** Without that, it can be staged at least. */
  canStage: boolean;
  /** Somebody asked for a sync whatever the heads say, as for an upstream that publishes none. */
  requested: boolean;
  /** The last attempt failed; without `retryAt` it is of no use before a person did something. */
  failure?: { retryAt?: number } | undefined;
  now: number;
}

export type Step =
  | { kind: 'sync' }
  /** The goal is staged, and may now be committed: a sync that needs no upstream. */
  | { kind: 'commit'; signed: SignedHead }
  /** As far as we may go: until there is permission to commit. */
  | { kind: 'await' }
  /** The tree is at the goal, but shows an older issue of its head. */
  | { kind: 'renew'; signed: SignedHead }
  | { kind: 'wait'; ms: number }
  /** Nothing to do until there is news. */
  | { kind: 'rest' };

/** Decide what an archive does next. */
export function nextStep(situation: Situation): Step {
  const { goal, committed, requested, failure, now, mayCommit } = situation;
  const comparison = goal === undefined ? undefined : compareHeads(committed, goal);
  const behind = comparison === 'first' || comparison === 'newer';
  if (behind || requested) {
    const isStaged = goal !== undefined && behind && isSameRelease(situation.staged, goal);
    if (behind && !requested && !mayCommit && (isStaged || !situation.canStage)) {
      return { kind: 'await' };
    }
    if (failure !== undefined) {
      if (failure.retryAt === undefined) return { kind: 'rest' };
      const ms = failure.retryAt - now;
      if (ms > 0) return { kind: 'wait', ms };
    }
    return isStaged && mayCommit ? { kind: 'commit', signed: goal } : { kind: 'sync' };
  }
  if (goal !== undefined && comparison === 'refresh') return { kind: 'renew', signed: goal };
  return { kind: 'rest' };
}

/** `goal` may be a later issue of the same head. */
export function isSameRelease(staged: SignedHead | undefined, goal: SignedHead): boolean {
  if (staged === undefined) return false;
  const comparison = compareHeads(staged, goal);
  return comparison === 'duplicate' || comparison === 'refresh';
}

const SHORTEST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 3_600_000;

/** How long to wait after so many failures in a row: doubling to an hour, with jitter. */
export function pauseAfter(failures: number, random: () => number): number {
  const whole = Math.min(SHORTEST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
  return Math.round(whole * (0.5 + random() / 2));
}
