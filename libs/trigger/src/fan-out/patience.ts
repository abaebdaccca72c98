/** How long an attempt may hold its slot while others wait for one. */
export interface Patience {
  /** An attempt came through after so many milliseconds. */
  learn(ms: number): void;
  /** Milliseconds. */
  current(): number;
}

const REMEMBERED = 256;
const ENOUGH_TO_JUDGE = 8;
const LEARN_EVERY = 8;
const SHORTEST_MS = 250;
const LONGEST_MS = 5_000;
const AT_FIRST_MS = 2_000;

/**
 * Three times what the slower of the recent successes took (their 95th percentile), within bounds:
 * on a network where every mirror answers in half a second, one that has not answered in two is
 * probably dead, and the others need not wait to be sure.
 */
export function createPatience(): Patience {
  const recent: number[] = [];
  let learnt = 0;
  let current = AT_FIRST_MS;
  return {
    learn(ms) {
      recent[learnt % REMEMBERED] = ms;
      learnt += 1;
      if (learnt < ENOUGH_TO_JUDGE || learnt % LEARN_EVERY !== 0) return;
      const sorted = recent.toSorted((a, b) => a - b);
      const slow = sorted[Math.floor(sorted.length * 0.95)] ?? AT_FIRST_MS;
      current = Math.min(Math.max(3 * slow, SHORTEST_MS), LONGEST_MS);
    },
    current: () => current,
  };
}
