/** Pauses between the attempts of one push, in milliseconds. */
export interface Backoff {
  minMs: number;
  maxMs: number;
  factor: number;
}

export const usualBackoff: Backoff = { minMs: 5_000, maxMs: 600_000, factor: 2 };

const MOST_STEPS = 64;

/**
 * The pause after the given number of attempts (1 and up): it grows by `factor` up to `maxMs`, and
 * then a random part of it, up to a half, is taken off, so that mirrors that failed together are
 * not tried together again.
 */
export function pauseAfter(attempts: number, backoff: Backoff, random: () => number): number {
  const steps = Math.min(Math.max(attempts - 1, 0), MOST_STEPS);
  return jittered(Math.min(backoff.minMs * backoff.factor ** steps, backoff.maxMs), random);
}

/** The longest pause, for what only a person can mend. */
export function longestPause(backoff: Backoff, random: () => number): number {
  return jittered(backoff.maxMs, random);
}

function jittered(ms: number, random: () => number): number {
  return Math.round(ms * (1 - random() / 2));
}
