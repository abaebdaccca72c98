import { LONGEST_TIMER_MS } from './timer.ts';

/**
 * A signal that aborts after so many milliseconds, with a `TimeoutError`, or with one of the others.
 *
 * `AbortSignal.any([AbortSignal.timeout(ms), other])` says the same, but Node 20 may collect the
 * timeout as garbage, and then nothing ever fires.
 */
export function within(ms: number, ...others: readonly AbortSignal[]): AbortSignal {
  const late = new AbortController();
  const abort = () => late.abort(new DOMException('It took too long.', 'TimeoutError'));
  setTimeout(abort, Math.min(ms, LONGEST_TIMER_MS)).unref();
  return AbortSignal.any([late.signal, ...others]);
}
