import { entryCount, firstEntry, isListedSame, nameOf, nextEntry, type Bytes } from './block.ts';

/** How a folder's block differs from an earlier one, in what a manifest shows of it. */
export interface BlockDifference {
  /** For each entry 1 when it is new or different, or when something went just before it. */
  marks: Uint8Array;
  /** Something went after the last entry. */
  gapAtEnd: boolean;
}

/** Compare a block with an earlier one of the same folder, or with none. */
export function blockDifference(
  before: { bytes: Bytes; at: number } | undefined,
  now: { bytes: Bytes; at: number },
): BlockDifference {
  const marks = new Uint8Array(entryCount(now.bytes, now.at));
  if (before === undefined) return { marks: marks.fill(1), gapAtEnd: false };
  let old = firstEntry(before.bytes, before.at);
  let left = entryCount(before.bytes, before.at);
  let at = firstEntry(now.bytes, now.at);
  let gap = false;
  const passOld = () => {
    old = nextEntry(before.bytes, old);
    left -= 1;
  };
  for (let i = 0; i < marks.length; i++, at = nextEntry(now.bytes, at)) {
    if (left > 0 && isListedSame(before.bytes, old, now.bytes, at)) {
      marks[i] = gap ? 1 : 0;
      gap = false;
      passOld();
      continue;
    }
    const name = nameOf(now.bytes, at);
    while (left > 0 && nameOf(before.bytes, old) < name) {
      gap = true;
      passOld();
    }
    const listed = left > 0 && isListedSame(before.bytes, old, now.bytes, at);
    marks[i] = gap || !listed ? 1 : 0;
    gap = false;
    if (left > 0 && nameOf(before.bytes, old) === name) passOld();
  }
  return { marks, gapAtEnd: gap || left > 0 };
}
