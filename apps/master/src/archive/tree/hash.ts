import { folderOf, join, type TreePath } from '@pushmirror/manifest';
import {
  bytesOver,
  entryCount,
  firstEntry,
  FLAG,
  hasFlag,
  nameOf,
  nextEntry,
  sizeOf,
} from './block.ts';
import type { Hands } from './hands.ts';
import { applyResult } from './hash-batch.ts';
import type { BlockRef, TreeState } from './tree-state.ts';

export interface HashOptions {
  hands: Hands;
  state: TreeState;
  signal: AbortSignal;
  onHashed: (files: number) => void;
}

/** Files whose digests are made by one request: many small ones, or a few large ones. */
interface Batch {
  paths: TreePath[];
  /** Where the digests go. */
  places: { block: BlockRef; entry: number }[];
  bytes: number;
}

const MOST_FILES = 512;
const MOST_BYTES = 32 * 1024 * 1024;

/**
 * Hash every file whose digest is not known, with all hands, and write the digests into the state.
 *
 * @returns the folders of files that have gone.
 * @throws ArchiveError as hashFile does; the signal's reason.
 */
export async function hashUnknown(o: HashOptions): Promise<TreePath[]> {
  const gone: TreePath[] = [];
  const batches = batchesOf(o.state);
  const work = async () => {
    for (const batch of batches) {
      o.signal.throwIfAborted();
      const { paths, places, bytes: size } = batch;
      const { results } = await o.hands.hash({ do: 'hash', paths, bytes: size });
      const bytes = bytesOver(results);
      for (const [i, { block, entry }] of places.entries()) {
        if (!applyResult(bytes, i, block.bytes, entry)) gone.push(folderOf(paths[i] ?? ''));
      }
      o.onHashed(paths.length);
    }
  };
  // One more than there are hands, so that none waits for us.
  await Promise.all(Array.from({ length: o.hands.count + 1 }, work));
  return gone;
}

function* batchesOf(state: TreeState): Generator<Batch> {
  let batch: Batch = { paths: [], places: [], bytes: 0 };
  for (const [folder, block] of state.changed()) {
    const { bytes } = block;
    let at = firstEntry(bytes, block.at);
    for (let left = entryCount(bytes, block.at); left > 0; left--) {
      if (hasFlag(bytes, at, FLAG.toHash)) {
        batch.paths.push(join(folder, nameOf(bytes, at)));
        batch.places.push({ block, entry: at });
        batch.bytes += sizeOf(bytes, at);
        if (batch.paths.length >= MOST_FILES || batch.bytes >= MOST_BYTES) {
          yield batch;
          batch = { paths: [], places: [], bytes: 0 };
        }
      }
      at = nextEntry(bytes, at);
    }
  }
  if (batch.paths.length > 0) yield batch;
}
