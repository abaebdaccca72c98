import type { Sum } from './sums.ts';

/** A mirror's figures; definitions.ts says what each means. Null where there was nothing to count. */
export interface Figures {
  /** 0 to 100. */
  completion: number | null;
  delayMs: number | null;
  responseMs: number | null;
  responseDeviationMs: number | null;
  /** 0 to 100. */
  availability: number | null;
  runsADay: number | null;
  /** 0 to 100. */
  score: number | null;
}

/** Every so much mean delay halves its part of the score. */
const DELAY_HALVES_MS = 6 * 3_600_000;
const DAY_MS = 24 * 3_600_000;

/**
 * @param recent the last 24 hours together
 * @param long the last 14 days together
 * @param longMs how much of those 14 days there was anything to look at; at least a day counts
 */
export function figuresOf(recent: Sum, long: Sum, longMs: number): Figures {
  const completion = percent(recent.fresh, recent.looks);
  const availability = percent(long.answered, long.looks);
  const delayMs = recent.lag_looks === 0 ? null : recent.lag_sum / recent.lag_looks;
  return {
    completion,
    delayMs,
    ...responseOf(recent),
    availability,
    runsADay: long.looks === 0 ? null : long.runs / Math.max(1, longMs / DAY_MS),
    score: scoreOf(completion, availability, delayMs),
  };
}

/** From 0 to 100: completion, times availability, times a part that halves with the delay. */
export function scoreOf(
  completion: number | null,
  availability: number | null,
  delayMs: number | null,
): number | null {
  if (completion === null || availability === null) return null;
  const prompt = 0.5 ** ((delayMs ?? 0) / DELAY_HALVES_MS);
  return (completion * availability * prompt) / 100;
}

function responseOf({ answered, response_sum: sum, response_squares: squares }: Sum) {
  if (answered === 0) return { responseMs: null, responseDeviationMs: null };
  const mean = sum / answered;
  // What is a little below zero is what floating point left over.
  const variance = Math.max(0, squares / answered - mean * mean);
  return { responseMs: mean, responseDeviationMs: Math.sqrt(variance) };
}

function percent(part: number, whole: number): number | null {
  return whole === 0 ? null : (100 * part) / whole;
}
