import { Cutter, join, type Entry, type TreePath } from '@pushmirror/manifest';
import {
  entryAt,
  entryCount,
  firstEntry,
  FLAG,
  folderPath,
  hasFlag,
  nameOf,
  nextEntry,
  textBytes,
} from './block.ts';
import type { PlacedBlock } from './tree-state.ts';

/** Entries that make one bucket: pieces of blocks. */
export interface Cut {
  pieces: { block: PlacedBlock; at: number; entries: number }[];
  entries: number;
  /** Something in it, or next to it, is not what the last release had. */
  changed: boolean;
}

/** Cut the tree into buckets. `onEntry` is told of every entry on the way. */
export function* cutBuckets(
  blocks: Iterable<PlacedBlock>,
  onEntry: (block: PlacedBlock, at: number) => void,
): Generator<Cut> {
  const cutter = new Cutter();
  let open = newCut();
  for (const block of blocks) {
    const { bytes } = block;
    open.changed ||= block.changed || block.afterGap;
    let at = firstEntry(bytes, block.at);
    let piece = { block, at, entries: 0 };
    for (let left = entryCount(bytes, block.at); left > 0; left--) {
      onEntry(block, at);
      piece.entries += 1;
      const ends = cutter.after(hasFlag(bytes, at, FLAG.mayCut), textBytes(bytes, at));
      at = nextEntry(bytes, at);
      if (!ends) continue;
      add(open, piece);
      yield open;
      open = { ...newCut(), changed: block.changed };
      piece = { block, at, entries: 0 };
    }
    add(open, piece);
  }
  if (open.entries > 0) yield open;
}

/** The path of the first entry of a bucket. */
export function firstPath({ pieces }: Cut): TreePath {
  const [first] = pieces;
  if (first === undefined) return '';
  const { bytes, at } = first.block;
  return join(folderPath(bytes, at), nameOf(bytes, first.at));
}

export function entriesOfCut({ pieces }: Cut): Entry[] {
  const entries: Entry[] = [];
  for (const { block, at: start, entries: count } of pieces) {
    const folder = folderPath(block.bytes, block.at);
    let at = start;
    for (let left = count; left > 0; left--) {
      entries.push(entryAt(block.bytes, at, folder));
      at = nextEntry(block.bytes, at);
    }
  }
  return entries;
}

function newCut(): Cut {
  return { pieces: [], entries: 0, changed: false };
}

function add(open: Cut, piece: Cut['pieces'][number]): void {
  if (piece.entries === 0) return;
  open.pieces.push(piece);
  open.entries += piece.entries;
}
