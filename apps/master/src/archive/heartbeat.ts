/** How much of a head's life passes before it is issued anew. */
const PART = 3;

/**
 * Whether the head of an unchanged archive is due to be issued anew: after a third of its life, so
 * that two heartbeats may be missed before a mirror's head expires.
 */
export function isHeartbeatDue(head: { issued: Date; expires: Date }, now: Date): boolean {
  const life = head.expires.getTime() - head.issued.getTime();
  const age = now.getTime() - head.issued.getTime();
  return age >= life / PART || age < 0;
}

/** How often to look, in milliseconds: twelve times a life, at least once a minute. */
export function heartbeatInterval(lifetimeMs: number): number {
  return Math.max(100, Math.min(60_000, Math.floor(lifetimeMs / 12)));
}
