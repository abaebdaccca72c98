import type { Db } from '../db/open.ts';
import type { PushKey } from '../db/pushes.ts';
import { findRelease } from '../db/releases.ts';
import type { SlotKeeper } from './slot-keeper.ts';

/** `retryAfter`: in so many seconds it may ask again. */
export type PullAnswer = { go: true } | { go: false; retryAfter: number; reason: string };

const ASK_HELD_AGAIN_S = 60;

/**
 * A mirror found a release by itself: may it pull now? What the master does not know of is not its
 * to forbid, and what is urgent waits for nobody.
 */
export async function mayPull(
  db: Db,
  key: PushKey,
  slots: SlotKeeper,
  upstream: string,
): Promise<PullAnswer> {
  const release = await findRelease(db, key.archive, key.serial);
  if (release === undefined) return { go: true };
  if (release.held_at !== null) {
    const reason = `Release ${key.serial} of ${key.archive} is held.`;
    return { go: false, retryAfter: ASK_HELD_AGAIN_S, reason };
  }
  if (release.urgent === 1) return { go: true };
  const verdict = slots.ask(key);
  if (verdict.go) return verdict;
  const reason = `The ${verdict.limit} slots of ${upstream} are taken.`;
  return { go: false, retryAfter: Math.ceil(verdict.retryAfterMs / 1000), reason };
}
