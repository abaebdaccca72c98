import { join, type Entry, type TreePath } from '@pushmirror/manifest';

/*
 * What is known of a folder, as bytes: a million files stand in about 120 MB, threads can hand them
 * over or share them, and a folder that did not change is found to be so by comparing memory.
 * Little-endian, unaligned:
 *
 *   folder  u32 bytes of the block · u32 entries · u32 hash (for cuts) · u16 bytes of the path
 *           u8 flags · u8 0 · identity: f64 mtime ms · f64 ctime ms · f64 inode · path
 *   entry   u8 kind · u8 flags · u8 order (255: content) · u8 0 · u16 mode
 *           u16 bytes of the name · u16 bytes of the target · u16 0 · f64 size
 *           identity as above · f64 mtime in whole seconds · 32 bytes SHA-256 · name · target
 *
 * Entries are in the order of their names. Folders have no identity as entries: they have their own
 * block, and a change in one is none of the folder that it is in.
 */

/** Bytes and two views of them. */
export interface Bytes {
  buffer: Buffer;
  view: DataView;
}

export const KIND = { file: 0, folder: 1, link: 2 } as const;
export const FLAG = {
  /** A bucket may end after this entry. */
  mayCut: 1,
  /** The digest is not known. */
  toHash: 2,
  /** Written so recently that the next write could leave no trace in the times. */
  fresh: 4,
} as const;

export const FOLDER_BYTES = 40;
export const ENTRY_BYTES = 84;
export const NO_ORDER = 255;
export const DIGEST_AT = 52;
export const DIGEST_BYTES = 32;

/**
 * When something was last changed, and which inode it is. Milliseconds since 1970 with a fraction,
 * good to a quarter of a microsecond: finer than the clock of any file system, and much quicker to
 * read for a million files than nanoseconds in a bigint.
 */
export interface Identity {
  mtimeMs: number;
  ctimeMs: number;
  ino: number;
}

export function bytesOver(memory: ArrayBufferLike): Bytes {
  return { buffer: Buffer.from(memory), view: new DataView(memory) };
}

export function blockLength({ view }: Bytes, block: number): number {
  return view.getUint32(block, true);
}

export function entryCount({ view }: Bytes, block: number): number {
  return view.getUint32(block + 4, true);
}

export function folderIsFresh({ view }: Bytes, block: number): boolean {
  return (view.getUint8(block + 14) & FLAG.fresh) !== 0;
}

export function folderPath({ buffer, view }: Bytes, block: number): TreePath {
  const start = block + FOLDER_BYTES;
  return buffer.toString('latin1', start, start + view.getUint16(block + 12, true));
}

/** Where the bytes of a folder's path are: for comparing them without making a string. */
export function folderPathRange({ view }: Bytes, block: number): [number, number] {
  const start = block + FOLDER_BYTES;
  return [start, start + view.getUint16(block + 12, true)];
}

export function firstEntry({ view }: Bytes, block: number): number {
  return block + FOLDER_BYTES + view.getUint16(block + 12, true);
}

export function nextEntry({ view }: Bytes, at: number): number {
  return at + ENTRY_BYTES + view.getUint16(at + 6, true) + view.getUint16(at + 8, true);
}

export function kindOf({ view }: Bytes, at: number): number {
  return view.getUint8(at);
}

export function hasFlag({ view }: Bytes, at: number, flag: number): boolean {
  return (view.getUint8(at + 1) & flag) !== 0;
}

export function setFlag({ view }: Bytes, at: number, flag: number, on: boolean): void {
  const flags = view.getUint8(at + 1);
  view.setUint8(at + 1, on ? flags | flag : flags & ~flag);
}

export function orderOf({ view }: Bytes, at: number): number {
  return view.getUint8(at + 2);
}

export function setOrder({ view }: Bytes, at: number, order: number | undefined): void {
  view.setUint8(at + 2, order ?? NO_ORDER);
}

export function modeOf({ view }: Bytes, at: number): number {
  return view.getUint16(at + 4, true);
}

export function mtimeOf({ view }: Bytes, at: number): number {
  return view.getFloat64(at + 44, true);
}

export function sizeOf({ view }: Bytes, at: number): number {
  return view.getFloat64(at + 12, true);
}

export function nameOf({ buffer, view }: Bytes, at: number): string {
  const start = at + ENTRY_BYTES;
  return buffer.toString('latin1', start, start + view.getUint16(at + 6, true));
}

export function targetOf({ buffer, view }: Bytes, at: number): string {
  const start = at + ENTRY_BYTES + view.getUint16(at + 6, true);
  return buffer.toString('latin1', start, start + view.getUint16(at + 8, true));
}

export function digestOf({ buffer }: Bytes, at: number): string {
  return buffer.toString('hex', at + DIGEST_AT, at + DIGEST_AT + DIGEST_BYTES);
}

/** About what an entry takes in a bucket's text. */
export function textBytes({ view }: Bytes, at: number): number {
  return 100 + view.getUint16(at + 6, true) + view.getUint16(at + 8, true);
}

export function sameFolderIdentity({ view }: Bytes, block: number, now: Identity): boolean {
  return sameIdentity(view, block + 16, now);
}

/** True when an entry is a file that has not been touched since it was written down. */
export function isSameFile({ view }: Bytes, at: number, now: Identity & { size: number }): boolean {
  return (
    view.getUint8(at) === KIND.file &&
    view.getFloat64(at + 12, true) === now.size &&
    sameIdentity(view, at + 20, now)
  );
}

/** The same, between two entries that are written down. */
export function isSameFileAs(a: Bytes, at: number, b: Bytes, bt: number): boolean {
  return (
    kindOf(a, at) === KIND.file &&
    kindOf(b, bt) === KIND.file &&
    a.buffer.compare(b.buffer, bt + 12, bt + 44, at + 12, at + 44) === 0
  );
}

/** True when a manifest shows two entries of one folder as the same. */
export function isListedSame(a: Bytes, at: number, b: Bytes, bt: number): boolean {
  return (
    a.view.getUint8(at) === b.view.getUint8(bt) &&
    a.view.getUint8(at + 2) === b.view.getUint8(bt + 2) &&
    a.view.getUint32(at + 4, true) === b.view.getUint32(bt + 4, true) &&
    a.view.getUint16(at + 8, true) === b.view.getUint16(bt + 8, true) &&
    a.view.getFloat64(at + 12, true) === b.view.getFloat64(bt + 12, true) &&
    a.buffer.compare(b.buffer, bt + 44, nextEntry(b, bt), at + 44, nextEntry(a, at)) === 0
  );
}

function sameIdentity(view: DataView, at: number, now: Identity): boolean {
  return (
    view.getFloat64(at, true) === now.mtimeMs &&
    view.getFloat64(at + 8, true) === now.ctimeMs &&
    view.getFloat64(at + 16, true) === now.ino
  );
}

/** Write down how a file was when its digest was made. */
export function setFile(
  { view }: Bytes,
  at: number,
  file: Identity & { size: number; mode: number; mtime: number },
): void {
  view.setUint16(at + 4, file.mode, true);
  view.setFloat64(at + 12, file.size, true);
  setIdentity(view, at + 20, file);
  view.setFloat64(at + 44, file.mtime, true);
}

export function setIdentity(view: DataView, at: number, { mtimeMs, ctimeMs, ino }: Identity): void {
  view.setFloat64(at, mtimeMs, true);
  view.setFloat64(at + 8, ctimeMs, true);
  view.setFloat64(at + 16, ino, true);
}

/** Copy what was found when a file was hashed: the digest, and the mtime to the second. */
export function copyHashed(from: Bytes, fromAt: number, to: Bytes, at: number): void {
  from.buffer.copy(to.buffer, at + 44, fromAt + 44, fromAt + DIGEST_AT + DIGEST_BYTES);
}

/** The entry as it stands in a manifest. */
export function entryAt(bytes: Bytes, at: number, folder: TreePath): Entry {
  const path = join(folder, nameOf(bytes, at));
  const mode = modeOf(bytes, at);
  const code = orderOf(bytes, at);
  const order = code === NO_ORDER ? undefined : code;
  const kind = kindOf(bytes, at);
  if (kind === KIND.folder) return { kind: 'folder', path, mode };
  if (kind === KIND.link) return { kind: 'link', path, target: targetOf(bytes, at), order };
  const mtime = mtimeOf(bytes, at);
  const sha256 = digestOf(bytes, at);
  return { kind: 'file', path, mode, size: sizeOf(bytes, at), mtime, sha256, order };
}
