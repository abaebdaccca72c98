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
import { blockDifference } from './block-difference.ts';
import type { PlacedBlock, TreeState } from './tree-state.ts';

/** Entries that make one bucket: pieces of blocks. */
export interface Cut {
  pieces: { block: PlacedBlock; at: number; entries: number }[];
  entries: number;
  /** Something in it, or between two of its entries, is not as the table has it. */
  changed: boolean;
}

/** Cut the tree into buckets. `onEntry` is told of every entry on the way. */
export function* cutBuckets(
  state: TreeState,
  onEntry: (block: PlacedBlock, at: number) => void,
): Generator<Cut> {
  const cutter = new Cutter();
  let open = newCut();
  let gap = false;
  for (const block of state.blocks()) {
    const { bytes } = block;
    const difference = block.changed ? blockDifference(state.before(block), block) : undefined;
    const count = entryCount(bytes, block.at);
    let at = firstEntry(bytes, block.at);
    let piece = { block, at, entries: 0 };
    gap ||= block.afterGap;
    for (let i = 0; i < count; i++) {
      onEntry(block, at);
      open.changed ||= gap || difference?.marks[i] === 1;
      gap = false;
      piece.entries += 1;
      const ends = cutter.after(hasFlag(bytes, at, FLAG.mayCut), textBytes(bytes, at));
      at = nextEntry(bytes, at);
      if (!ends) continue;
      add(open, piece);
      yield open;
      open = newCut();
      piece = { block, at, entries: 0 };
    }
    add(open, piece);
    gap ||= difference?.gapAtEnd === true;
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
