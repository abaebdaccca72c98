import { holdCovers, type SignedHead, type SignedHold, type Stage } from '@pushmirror/trigger';
import { z } from 'zod';

const release = z.strictObject({ epoch: z.int().min(1), serial: z.int().min(1) });

/**
 * The releases, from the first to the last of them, that were announced for staging only. Several,
 * since one may follow the other before a commit.
 */
export const waits = z.strictObject({ first: release, last: release });
export type Waits = z.output<typeof waits>;
type Release = z.output<typeof release>;

/** What stands between a release that is ready and the commit. */
export interface Permission {
  waits?: Waits | undefined;
  hold?: SignedHold | undefined;
}

/** Whether readers may be given this release. */
export function mayCommit({ head }: SignedHead, { waits: range, hold }: Permission): boolean {
  return !isAmong(head, range) && !holdCovers(hold?.hold, head);
}

/** Whether a release waits for the word to commit it. */
function isAmong(head: Release, range: Waits | undefined): boolean {
  return range !== undefined && compare(head, range.first) >= 0 && compare(head, range.last) <= 0;
}

/** What becomes of a word about a release. */
export interface Worded {
  waits: Waits | undefined;
  /** It is to be committed, and is not staged here. */
  lacking: boolean;
}

/**
 * Decide what may be committed after a word: permission once given stays, and stage 2 gives it only
 * to what is staged. `isNews`: the release was not heard of before.
 */
export function afterWord(
  word: Stage,
  { head: { epoch, serial } }: SignedHead,
  known: { waits: Waits | undefined; isNews: boolean; isStaged: boolean },
): Worded {
  const here = { epoch, serial };
  const waiting = known.isNews
    ? { first: known.waits?.first ?? here, last: here }
    : isAmong(here, known.waits)
      ? known.waits
      : undefined;
  if (word === 'stage1') return { waits: known.isNews ? waiting : known.waits, lacking: false };
  if (word === 'stage2' && waiting !== undefined && !known.isStaged) {
    return { waits: waiting, lacking: true };
  }
  return { waits: undefined, lacking: false };
}

function compare(a: Release, b: Release): number {
  return a.epoch - b.epoch || a.serial - b.serial;
}
