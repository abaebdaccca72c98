import { hashFolder, type TreePath } from '@pushmirror/manifest';
import {
  bytesOver,
  DIGEST_AT,
  DIGEST_BYTES,
  ENTRY_BYTES,
  FLAG,
  FOLDER_BYTES,
  setIdentity,
  type Bytes,
  type Identity,
} from './block.ts';

/** What is written of an entry; its digest is set later, or copied from `digestFrom`. */
export interface NewEntry extends Identity {
  kind: number;
  flags: number;
  order: number;
  mode: number;
  size: number;
  /** Whole seconds. */
  mtime: number;
  name: string;
  target: string;
  digestFrom?: { bytes: Bytes; at: number };
}

const FIRST_BYTES = 64 * 1024;

/** Writes blocks one after the other into memory that grows. */
export class BlockWriter {
  #memory = new ArrayBuffer(FIRST_BYTES);
  #bytes = bytesOver(this.#memory);
  #block = 0;
  #at = 0;
  #entries = 0;

  begin(folder: TreePath, identity: Identity, fresh: boolean): void {
    this.#block = this.#at;
    this.#entries = 0;
    this.#reserve(FOLDER_BYTES + folder.length);
    const { buffer, view } = this.#bytes;
    view.setInt32(this.#at + 8, hashFolder(folder), true);
    view.setUint16(this.#at + 12, folder.length, true);
    view.setUint8(this.#at + 14, fresh ? FLAG.fresh : 0);
    setIdentity(view, this.#at + 16, identity);
    buffer.write(folder, this.#at + FOLDER_BYTES, 'latin1');
    this.#at += FOLDER_BYTES + folder.length;
  }

  add(entry: NewEntry): void {
    const { name, target, digestFrom } = entry;
    const length = ENTRY_BYTES + name.length + target.length;
    this.#reserve(length);
    const { buffer, view } = this.#bytes;
    const at = this.#at;
    view.setUint8(at, entry.kind);
    view.setUint8(at + 1, entry.flags);
    view.setUint8(at + 2, entry.order);
    view.setUint16(at + 4, entry.mode, true);
    view.setUint16(at + 6, name.length, true);
    view.setUint16(at + 8, target.length, true);
    view.setFloat64(at + 12, entry.size, true);
    setIdentity(view, at + 20, entry);
    view.setFloat64(at + 44, entry.mtime, true);
    if (digestFrom !== undefined) {
      const from = digestFrom.at + DIGEST_AT;
      digestFrom.bytes.buffer.copy(buffer, at + DIGEST_AT, from, from + DIGEST_BYTES);
    }
    buffer.write(name, at + ENTRY_BYTES, 'latin1');
    if (target !== '') buffer.write(target, at + ENTRY_BYTES + name.length, 'latin1');
    this.#at += length;
    this.#entries += 1;
  }

  /** Take over entries of another block as they are: so many, which end where `run` does. */
  copy({ buffer }: Bytes, start: number, run: { entries: number; at: number }): void {
    const { entries, at: end } = run;
    this.#reserve(end - start);
    buffer.copy(this.#bytes.buffer, this.#at, start, end);
    this.#at += end - start;
    this.#entries += entries;
  }

  /** The block is complete. */
  end(): void {
    this.#bytes.view.setUint32(this.#block, this.#at - this.#block, true);
    this.#bytes.view.setUint32(this.#block + 4, this.#entries, true);
  }

  /** All blocks that were ended, one after the other. */
  blocks(): ArrayBuffer {
    return this.#memory.slice(0, this.#at);
  }

  #reserve(more: number): void {
    if (this.#at + more <= this.#bytes.buffer.length) return;
    const larger = new ArrayBuffer((this.#at + more) * 2);
    const bytes = bytesOver(larger);
    this.#bytes.buffer.copy(bytes.buffer, 0, 0, this.#at);
    this.#memory = larger;
    this.#bytes = bytes;
  }
}
