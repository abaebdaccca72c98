import type { PushRow } from '../db/schema.ts';

type Push = Pick<PushRow, 'state' | 'attempts' | 'sent_at' | 'accepted_at' | 'updated_at'>;

/** So many attempts must have failed; one that was unlucky twice is not dead. */
const FEWEST_ATTEMPTS = 3;

/** How often a mirror in quarantine is tried. */
export const PROBE_EVERY_MS = 3_600_000;

/**
 * Why a mirror is to be put into quarantine, in one sentence, or undefined. It is when a push to it
 * was given up without an answer, or when all attempts over `afterMs` have failed, whichever
 * releases they were for, and the mirror itself has not been heard of meanwhile.
 *
 * @param pushes of the mirror, any number of the newest
 * @param heardAt when the mirror last spoke to the master
 */
export function whyQuarantine(
  pushes: readonly Push[],
  heardAt: Date | undefined,
  afterMs: number,
  now: Date,
): string | undefined {
  const times = [heardAt?.toISOString() ?? '', ...pushes.map((push) => push.accepted_at ?? '')];
  const lastGood = times.reduce((a, b) => (a > b ? a : b));
  const failed = pushes.filter(
    ({ accepted_at: taken, sent_at: sent }) => taken === null && sent !== null && sent > lastGood,
  );
  const attempts = failed.reduce((sum, push) => sum + push.attempts, 0);
  const since = failed.reduce<string>((a, { sent_at: b }) => (b !== null && b < a ? b : a), '~');
  const ms = now.getTime() - new Date(since).getTime();
  if (failed.some(({ state, updated_at: at }) => state === 'given-up' && at > lastGood)) {
    return `A push to it was given up; it has not been reached since ${since}.`;
  }
  if (attempts < FEWEST_ATTEMPTS || !(ms >= afterMs)) return undefined;
  return `It has not been reached since ${since}, in ${attempts} attempts.`;
}
