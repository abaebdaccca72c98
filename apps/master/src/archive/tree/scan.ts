import type { TreePath } from '@pushmirror/manifest';
import type { Hands } from './hands.ts';
import type { TreeState } from './tree-state.ts';

/** What a scan came across. */
export interface ScanCount {
  entries: number;
  toHash: { files: number; bytes: number };
}

export interface ScanOptions {
  hands: Hands;
  /** Where the findings go. */
  state: TreeState;
  signal: AbortSignal;
  /** Told after each of the hands' requests what it came across. */
  onCount: (count: ScanCount) => void;
}

/** No request asks for more folders than this, so that all hands get some. */
const MOST_FOLDERS = 512;

/**
 * Scan these folders and all that is in them, with all hands.
 *
 * @returns the folders in which something went while we looked.
 * @throws ArchiveError as scanFolder does; the signal's reason.
 */
export async function scanDeep(o: ScanOptions, folders: readonly TreePath[]): Promise<TreePath[]> {
  const pending = folders.toReversed();
  const unsettled: TreePath[] = [];
  const running = new Set<Promise<void>>();

  const ask = async () => {
    const share = Math.ceil(pending.length / (2 * o.hands.count));
    const some = pending.splice(-Math.min(share, MOST_FOLDERS));
    const reply = await o.hands.scan({ do: 'scan', folders: some, shallow: false });
    o.state.put(reply.blocks);
    for (const index of reply.same) o.state.keep(index);
    for (const path of reply.rest) pending.push(path);
    unsettled.push(...reply.unsettled);
    o.onCount(reply);
  };

  while (pending.length > 0 || running.size > 0) {
    o.signal.throwIfAborted();
    while (pending.length > 0 && running.size < o.hands.count) {
      const one = ask().finally(() => running.delete(one));
      running.add(one);
    }
    await Promise.race(running);
  }
  return unsettled;
}

/**
 * Scan these folders, and of what is in them only what nothing is known of yet.
 *
 * @returns and throws as scanDeep.
 */
export async function scanShallow(
  o: ScanOptions,
  folders: readonly TreePath[],
): Promise<TreePath[]> {
  const unsettled: TreePath[] = [];
  const unknown: TreePath[] = [];
  for (let at = 0; at < folders.length; at += MOST_FOLDERS) {
    o.signal.throwIfAborted();
    const some = folders.slice(at, at + MOST_FOLDERS);
    const reply = await o.hands.scan({ do: 'scan', folders: some, shallow: true });
    const seen = [...o.state.put(reply.blocks), ...reply.same.map((index) => o.state.keep(index))];
    for (const folder of seen) unknown.push(...o.state.unknownIn(folder));
    unsettled.push(...reply.unsettled);
    o.onCount(reply);
  }
  return [...unsettled, ...(await scanDeep(o, unknown))];
}
