/** How long the pushes of a release are kept: the first limit that is reached counts. */
export interface RetentionPolicy {
  /** Milliseconds since it was published. */
  ms: number;
  /** So many releases of each archive, the current one among them. */
  releases: number;
}

/**
 * Which releases of one archive have pushes that nobody need keep: never the current one, whatever
 * the policy says. `releases` are newest first.
 */
export function releasesToPrune<R extends { published_at: string }>(
  releases: readonly R[],
  policy: RetentionPolicy,
  now: Date,
): R[] {
  const oldest = new Date(now.getTime() - policy.ms).toISOString();
  return releases.filter(
    (release, index) => index > 0 && (index >= policy.releases || release.published_at < oldest),
  );
}
