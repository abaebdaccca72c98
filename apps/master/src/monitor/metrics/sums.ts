import type { ProbeSumRow } from '../../db/sight-schema.ts';
import { hasAnswered, worse, type SightState } from '../probe/states.ts';

/** What one look adds to the hour it belongs to. */
export interface Counted {
  state: SightState;
  /** Milliseconds; null when there was no answer. */
  responseMs: number | null;
  /** Null when it is not known which release the mirror shows. */
  lag: { ms: number; serials: number } | null;
  /** Its trace file is another than at the look before. */
  isRun: boolean;
}

export type Sum = Omit<ProbeSumRow, 'start' | 'mirror' | 'archive'>;

export const EMPTY: Sum = {
  looks: 0,
  answered: 0,
  fresh: 0,
  response_sum: 0,
  response_squares: 0,
  lag_looks: 0,
  lag_sum: 0,
  lag_max: 0,
  lacks_max: 0,
  runs: 0,
  worst: 'fresh',
};

/** One look more. */
export function addLook(sum: Sum, look: Counted): Sum {
  const { state, lag } = look;
  const answered = hasAnswered(state) && look.responseMs !== null;
  const ms = answered ? (look.responseMs ?? 0) : 0;
  return {
    looks: sum.looks + 1,
    answered: sum.answered + (hasAnswered(state) ? 1 : 0),
    fresh: sum.fresh + (state === 'fresh' ? 1 : 0),
    response_sum: sum.response_sum + ms,
    response_squares: sum.response_squares + ms * ms,
    lag_looks: sum.lag_looks + (lag === null ? 0 : 1),
    lag_sum: sum.lag_sum + (lag?.ms ?? 0),
    lag_max: Math.max(sum.lag_max, lag?.ms ?? 0),
    lacks_max: Math.max(sum.lacks_max, lag?.serials ?? 0),
    runs: sum.runs + (look.isRun ? 1 : 0),
    worst: sum.looks === 0 ? state : worse(sum.worst, state),
  };
}

/** Two times together: hours make a day. */
export function addSums(a: Sum, b: Sum): Sum {
  if (a.looks === 0) return b;
  if (b.looks === 0) return a;
  return {
    looks: a.looks + b.looks,
    answered: a.answered + b.answered,
    fresh: a.fresh + b.fresh,
    response_sum: a.response_sum + b.response_sum,
    response_squares: a.response_squares + b.response_squares,
    lag_looks: a.lag_looks + b.lag_looks,
    lag_sum: a.lag_sum + b.lag_sum,
    lag_max: Math.max(a.lag_max, b.lag_max),
    lacks_max: Math.max(a.lacks_max, b.lacks_max),
    runs: a.runs + b.runs,
    worst: worse(a.worst, b.worst),
  };
}

/** `2026-11-21T09:00:00.000Z`: the first moment of the hour. */
export function hourOf(at: Date): string {
  return `${at.toISOString().slice(0, 13)}:00:00.000Z`;
}

/** The first moment of the day, in UTC. */
export function dayOf(at: Date): string {
  return `${at.toISOString().slice(0, 10)}T00:00:00.000Z`;
}
