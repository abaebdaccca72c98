/** How long a release took to reach shares of its mirrors, in milliseconds; null where it has not. */
export interface Propagation {
  serial: number;
  mirrors: number;
  committed: number;
  /** To 50, 90, 95 and 100 % of the mirrors that were to have it. */
  p50: number | null;
  p90: number | null;
  p95: number | null;
  p100: number | null;
}

/** `commits`: of each mirror that was to have it, when it had; null is not yet. */
export function propagationOf(
  serial: number,
  publishedAt: Date,
  commits: readonly (Date | null)[],
): Propagation {
  const delays = commits
    .flatMap((at) => (at === null ? [] : Math.max(0, at.getTime() - publishedAt.getTime())))
    .toSorted((a, b) => a - b);
  const share = (percent: number) =>
    delays[Math.ceil((commits.length * percent) / 100) - 1] ?? null;
  return {
    serial,
    mirrors: commits.length,
    committed: delays.length,
    p50: share(50),
    p90: share(90),
    p95: share(95),
    p100: share(100),
  };
}
