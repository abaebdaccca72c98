/** How far a mirror is behind an archive's newest release. */
export interface Lag {
  /** How many releases it lacks. */
  serials: number;
  /** When the first release that it lacks was published. */
  since: Date;
  /** The time since then, in milliseconds. */
  ms: number;
}

/**
 * Lag by serials, never by timestamps of files: how many releases are newer than the one that a
 * mirror serves, and how long the first of those has been out. Undefined when it lacks none.
 *
 * @param releases oldest first, as published.
 * @param served the serial that it serves; undefined when it has never served any.
 */
export function lagOf(
  releases: readonly { serial: number; publishedAt: Date }[],
  served: number | undefined,
  now: Date,
): Lag | undefined {
  const lacking = releases.filter((release) => served === undefined || release.serial > served);
  const [first] = lacking;
  if (first === undefined) return undefined;
  const ms = Math.max(0, now.getTime() - first.publishedAt.getTime());
  return { serials: lacking.length, since: first.publishedAt, ms };
}
