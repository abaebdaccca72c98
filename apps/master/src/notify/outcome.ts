/** What became of an attempt to deliver a message. */
export type Outcome =
  | { state: 'sent' }
  /** Worth another attempt; `everybody`: mails to others would not leave now either. */
  | { state: 'again'; reason: string; everybody?: boolean }
  /** Not worth one. */
  | { state: 'failed'; reason: string }
  /** The receiver does not want any more, ever. */
  | { state: 'gone'; reason: string };

/** When the next attempt is: twice as long each time, with jitter. */
export function nextAttempt(
  now: Date,
  attempts: number,
  o: { minMs: number; maxMs: number; random: number },
): Date {
  const ms = Math.min(o.maxMs, o.minMs * 2 ** Math.min(attempts - 1, 30));
  return new Date(now.getTime() + ms * (0.75 + o.random / 2));
}
