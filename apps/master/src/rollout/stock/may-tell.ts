import type { PushRow } from '../../db/schema.ts';
import type { Hearer, Word } from '../to-send.ts';

/** The push of the stock mirror that another mirror pulls from. */
export interface Above {
  push: Pick<
    PushRow,
    'mirror' | 'state' | 'attempts' | 'quarantined' | 'created_at' | 'sent_at' | 'committed_at'
  >;
  /** It is sent nothing now: its turn has not come. */
  isIdle: boolean;
  /** A runmirrors of its own pushes those below it. */
  runmirrors: boolean;
}

/** Whether a mirror may be told now; else why not, and when to think again if nothing moves. */
export type MayTell = { may: true } | { may: false; why: string; until: Date };

/** Those below a stock mirror that takes longer go by their fallbacks. */
const LONGEST_MS = 3_600_000;
const LOST_AFTER_ATTEMPTS = 3;

/**
 * A mirror that pulls from a stock one is told to stage when that has staged, and the whole when that
 * has it: before, it would ask in vain. Those that a runmirrors pushes are left to it for so long.
 *
 * @param patienceMs how long runmirrors may take.
 */
export function mayTell(
  word: Word,
  hearer: Hearer,
  above: Above | undefined,
  patienceMs: number,
  at: Date,
): MayTell {
  // An agent that has staged needs nothing from anybody to commit.
  if (above === undefined || (word === 'stage2' && hearer === 'agent')) return { may: true };
  const { push, runmirrors } = above;
  if (isLost(above)) return { may: true };
  const isThere = push.state === 'committed' || (word === 'stage1' && push.state === 'staged');
  const waits = isThere && word !== 'stage1' && runmirrors;
  if (isThere && !waits) return { may: true };
  const since = waits ? push.committed_at : (push.sent_at ?? push.created_at);
  const until = new Date(Date.parse(since ?? '') + (waits ? patienceMs : LONGEST_MS));
  if (!(until > at)) return { may: true };
  const why = waits
    ? `It is left to the runmirrors of ${push.mirror}.`
    : `It waits until its upstream ${push.mirror} has the release.`;
  return { may: false, why, until };
}

/** Nobody should wait for it. */
function isLost({ push, isIdle }: Above): boolean {
  switch (push.state) {
    case 'refused':
    case 'given-up':
    case 'superseded':
      return true;
    case 'waiting':
      return isIdle || push.quarantined === 1;
    case 'unreachable':
      return push.attempts >= LOST_AFTER_ATTEMPTS;
    case 'sending':
      return push.attempts > LOST_AFTER_ATTEMPTS;
    case 'accepted':
    case 'staged':
    case 'committed':
      return false;
  }
}
