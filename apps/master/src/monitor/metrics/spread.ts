/** How long a release took to reach parts of the mirrors it was meant for. */
export interface Spread {
  mirrors: number;
  reached: number;
  /** Milliseconds from the publication; null while it is not reached. */
  p50: number | null;
  p90: number | null;
  p95: number | null;
  p100: number | null;
}

/**
 * @param times of each mirror: when it had the release, in milliseconds after the publication; null
 * of those that do not have it
 */
export function spreadOf(times: readonly (number | null)[]): Spread {
  const reached = times
    .flatMap((time) => (time === null ? [] : [Math.max(0, time)]))
    .toSorted((a, b) => a - b);
  const part = (percent: number) => {
    const needed = Math.ceil((times.length * percent) / 100);
    return needed === 0 ? null : (reached[needed - 1] ?? null);
  };
  return {
    mirrors: times.length,
    reached: reached.length,
    p50: part(50),
    p90: part(90),
    p95: part(95),
    p100: part(100),
  };
}
