import { join, type TreePath } from '@pushmirror/manifest';
import {
  blockLength,
  bytesOver,
  copyHashed,
  entryCount,
  firstEntry,
  FLAG,
  folderPath,
  hasFlag,
  isSameFileAs,
  KIND,
  kindOf,
  nameOf,
  nextEntry,
  setFlag,
  type Bytes,
} from './block.ts';
import { findFolder, type Table } from './digest-cache.ts';

/** A folder's block, wherever it is. */
export interface BlockRef {
  bytes: Bytes;
  at: number;
}

/** A block in its place in the tree. */
export interface PlacedBlock extends BlockRef {
  /** It is not what the table has. */
  changed: boolean;
  /** Folders that the table has between the block before this one and this one are gone. */
  afterGap: boolean;
}

/** What is known of the tree at the moment: the table of last time, and what is different. */
export class TreeState {
  readonly #kept: Uint8Array;
  readonly #changed = new Map<TreePath, BlockRef>();

  /** `all`: start from what the table has; otherwise from nothing. */
  constructor(
    readonly table: Table,
    all: boolean,
  ) {
    this.#kept = new Uint8Array(table.starts.length).fill(all ? 1 : 0);
  }

  /** The folder is as the table has it, at this index. */
  keep(index: number): TreePath {
    const { bytes, starts } = this.table;
    const at = starts[index] ?? 0;
    const folder = folderPath(bytes, at);
    const before = this.#changed.get(folder);
    if (before !== undefined) this.#carryOver(before, { bytes, at }, folder);
    this.#changed.delete(folder);
    this.#kept[index] = 1;
    return folder;
  }

  /** Take over blocks as a scan sends them. */
  put(memory: ArrayBuffer): TreePath[] {
    const bytes = bytesOver(memory);
    const folders: TreePath[] = [];
    for (let at = 0; at < memory.byteLength; at += blockLength(bytes, at)) {
      const folder = folderPath(bytes, at);
      const before = this.get(folder);
      const block = { bytes, at };
      if (before !== undefined) this.#carryOver(before, block, folder);
      this.#changed.set(folder, block);
      folders.push(folder);
    }
    return folders;
  }

  get(folder: TreePath): BlockRef | undefined {
    const changed = this.#changed.get(folder);
    if (changed !== undefined) return changed;
    const index = findFolder(this.table, folder);
    const start = index < 0 || this.#kept[index] === 0 ? undefined : this.table.starts[index];
    return start === undefined ? undefined : { bytes: this.table.bytes, at: start };
  }

  /** What the table has of the folder of a block. */
  before({ bytes, at }: BlockRef): BlockRef | undefined {
    const index = findFolder(this.table, folderPath(bytes, at));
    const start = index < 0 ? undefined : this.table.starts[index];
    return start === undefined ? undefined : { bytes: this.table.bytes, at: start };
  }

  /** The folders in a folder that nothing is known of. */
  unknownIn(folder: TreePath): TreePath[] {
    const block = this.get(folder);
    if (block === undefined) return [];
    const unknown: TreePath[] = [];
    let at = firstEntry(block.bytes, block.at);
    for (let left = entryCount(block.bytes, block.at); left > 0; left--) {
      if (kindOf(block.bytes, at) === KIND.folder) {
        const path = join(folder, nameOf(block.bytes, at));
        if (this.get(path) === undefined) unknown.push(path);
      }
      at = nextEntry(block.bytes, at);
    }
    return unknown;
  }

  /** Forget a folder and all that is in it. */
  drop(folder: TreePath): void {
    const { bytes, starts } = this.table;
    if (folder === '') {
      this.#kept.fill(0);
      this.#changed.clear();
      return;
    }
    const own = findFolder(this.table, folder);
    if (own >= 0) this.#kept[own] = 0;
    // What is in it stands together, after the folder itself.
    const below = `${folder}/`;
    for (let i = firstAtOrAfter(this.table, below); i < starts.length; i++) {
      if (!folderPath(bytes, starts[i] ?? 0).startsWith(below)) break;
      this.#kept[i] = 0;
    }
    for (const path of this.#changed.keys()) {
      if (path === folder || path.startsWith(below)) this.#changed.delete(path);
    }
  }

  /** Blocks that are not what the table has. */
  changed(): Iterable<[TreePath, BlockRef]> {
    return this.#changed;
  }

  /** Every block, folders in byte order. */
  *blocks(): Generator<PlacedBlock> {
    const { bytes, starts } = this.table;
    const changed = [...this.#changed.keys()].sort();
    let next = 0;
    let afterGap = false;
    for (const [i, at] of starts.entries()) {
      if (changed.length > next || this.#kept[i] === 0) {
        const folder = folderPath(bytes, at);
        for (; (changed[next] ?? folder) < folder; next++) {
          yield* this.#place(changed[next] ?? '', afterGap);
          afterGap = false;
        }
        if (changed[next] === folder) {
          yield* this.#place(folder, afterGap);
          afterGap = false;
          next += 1;
          continue;
        }
        if (this.#kept[i] === 0) {
          afterGap = true;
          continue;
        }
      }
      yield { bytes, at, changed: false, afterGap };
      afterGap = false;
    }
    for (; next < changed.length; next++) {
      yield* this.#place(changed[next] ?? '', afterGap);
      afterGap = false;
    }
  }

  *#place(folder: TreePath, afterGap: boolean): Generator<PlacedBlock> {
    const block = this.#changed.get(folder);
    if (block !== undefined) yield { ...block, changed: true, afterGap };
  }

  /**
   * Of a folder that is looked at once more: keep the digests of files that have not been touched
   * in between, and forget folders that went, with all that was in them.
   */
  #carryOver(before: BlockRef, now: BlockRef, folder: TreePath): void {
    let old = firstEntry(before.bytes, before.at);
    let at = firstEntry(now.bytes, now.at);
    let left = entryCount(now.bytes, now.at);
    for (let n = entryCount(before.bytes, before.at); n > 0; n--) {
      const name = nameOf(before.bytes, old);
      while (left > 0 && nameOf(now.bytes, at) < name) {
        at = nextEntry(now.bytes, at);
        left -= 1;
      }
      const there = left > 0 && nameOf(now.bytes, at) === name;
      if (kindOf(before.bytes, old) === KIND.folder) {
        const stays = there && kindOf(now.bytes, at) === KIND.folder;
        if (!stays) this.drop(join(folder, name));
      } else if (there) {
        carryDigest(before.bytes, old, now.bytes, at);
      }
      old = nextEntry(before.bytes, old);
    }
  }
}

function carryDigest(before: Bytes, old: number, now: Bytes, at: number): void {
  const known = !hasFlag(before, old, FLAG.toHash) && !hasFlag(before, old, FLAG.fresh);
  if (!known || !hasFlag(now, at, FLAG.toHash) || !isSameFileAs(before, old, now, at)) return;
  copyHashed(before, old, now, at);
  setFlag(now, at, FLAG.toHash, false);
}

function firstAtOrAfter({ bytes, starts }: Table, path: TreePath): number {
  let low = 0;
  let high = starts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (folderPath(bytes, starts[middle] ?? 0) < path) low = middle + 1;
    else high = middle;
  }
  return low;
}
