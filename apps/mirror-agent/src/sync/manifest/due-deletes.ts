import { join } from 'node:path';
import { lockFolder } from '@pushmirror/host';
import { MANIFEST_FOLDER } from '@pushmirror/manifest';
import { readStanding } from './carried.ts';
import { nextDeletes, runDeletes } from './deletes.ts';
import { selectionOf } from './filters.ts';
import { readStaged } from './staged.ts';
import { createStore, DamagedBucket } from './store.ts';

/** A tree that cannot be looked at now is looked at again after so long. */
const LATER_MS = 10 * 60_000;

/**
 * Delete what releases dropped and whose grace period is over, while nothing is to be synced.
 *
 * A tree that somebody is at work on, that is between two releases, or in which a release is staged,
 * is left alone: that sync deletes what is due when it is done, and knows what must stay.
 *
 * @returns when the next is due; undefined when nothing waits.
 */
export async function runDueDeletes(
  to: string,
  mirror: string,
  now: Date,
): Promise<Date | undefined> {
  const next = await nextDeletes(to);
  if (next === undefined || next > now) return next;
  const later = new Date(now.getTime() + LATER_MS);
  const lock = lockFolder(to);
  if (lock === undefined) return later;
  try {
    const standing = await readStanding(to, mirror);
    if (standing.at !== 'release' || (await readStaged(to, mirror)) !== undefined) return later;
    const { root: ref, filters } = standing.carried;
    const store = createStore(join(to, MANIFEST_FOLDER));
    const root = await store.root(ref);
    if (root === undefined) return later;
    await runDeletes(to, { root, read: store.read, selected: selectionOf(filters) }, now);
    return await nextDeletes(to);
  } catch (error) {
    if (error instanceof DamagedBucket) return later; // The next sync fetches it anew.
    throw error;
  } finally {
    lock.release();
  }
}
