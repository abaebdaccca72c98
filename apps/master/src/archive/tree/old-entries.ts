import type { Stats } from 'node:fs';
import {
  entryCount,
  firstEntry,
  FLAG,
  hasFlag,
  isSameFile,
  KIND,
  kindOf,
  mtimeOf,
  nameOf,
  nextEntry,
  orderOf,
  type Bytes,
} from './block.ts';

/** Walks the entries of a block that was written earlier, by names that ascend. */
export class OldEntries {
  #at: number;
  #left: number;
  #name: string | undefined;

  /** `block`: -1 when there is none; nothing is found then. */
  constructor(
    readonly bytes: Bytes,
    block: number,
  ) {
    this.#at = block < 0 ? 0 : firstEntry(bytes, block);
    this.#left = block < 0 ? 0 : entryCount(bytes, block);
    this.#name = this.#left > 0 ? nameOf(bytes, this.#at) : undefined;
  }

  /** Where the entry of this name is; undefined when there is none. Ask for names in order. */
  find(name: string): OldEntry | undefined {
    while (this.#name !== undefined && this.#name < name) {
      this.#at = nextEntry(this.bytes, this.#at);
      this.#left -= 1;
      this.#name = this.#left > 0 ? nameOf(this.bytes, this.#at) : undefined;
    }
    return this.#name === name ? new OldEntry(this.bytes, this.#at) : undefined;
  }
}

/** An entry as it was. */
export class OldEntry {
  constructor(
    readonly bytes: Bytes,
    readonly at: number,
  ) {}

  get isFolder(): boolean {
    return kindOf(this.bytes, this.at) === KIND.folder;
  }

  get mayCut(): boolean {
    return hasFlag(this.bytes, this.at, FLAG.mayCut);
  }

  get order(): number {
    return orderOf(this.bytes, this.at);
  }

  /** Seconds. */
  get mtime(): number {
    return mtimeOf(this.bytes, this.at);
  }

  /** True when its digest is known and, by all that the file system shows, still right. */
  isStill(seen: Stats): boolean {
    const { bytes, at } = this;
    return isSameFile(bytes, at, seen) && !hasFlag(bytes, at, FLAG.toHash | FLAG.fresh);
  }
}
