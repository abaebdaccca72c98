import { createHash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { errnoOf } from '@pushmirror/host';
import {
  indexOrder,
  indexRules,
  join,
  type ProfileName,
  type TreePath,
} from '@pushmirror/manifest';
import {
  blockLength,
  bytesOver,
  entryCount,
  firstEntry,
  folderPath,
  folderPathRange,
  kindOf,
  KIND,
  nameOf,
  nextEntry,
  setOrder,
  type Bytes,
} from './block.ts';
import { cannotWrite } from './staged-folder.ts';

/*
 * What the last publish knew of the tree: its blocks, folders in byte order. Losing it costs time
 * (every file is hashed again) and nothing else, so it is not fsynced; a checksum finds torn ones.
 *
 *   blocks · f64 each: where a block starts · trailer
 *   trailer   magic "PMTREE1\n" · u32 folders · f64 bytes of the blocks
 *             32 bytes: SHA-256 of the root that was made of exactly this, or 0
 *             32 bytes: SHA-256 of the rules by which `order` was found · u32 CRC of all before it
 */

/** Blocks in memory that threads share, and where they start. */
export interface Table {
  memory: SharedArrayBuffer;
  bytes: Bytes;
  starts: Float64Array;
}

export interface Cache {
  table: Table;
  /** The root that was made of exactly this, in hexadecimal; undefined when none was. */
  root: string | undefined;
}

const MAGIC = Buffer.from('PMTREE1\n', 'latin1');
const TRAILER_BYTES = 88;

function emptyTable(): Table {
  const memory = new SharedArrayBuffer(0);
  return { memory, bytes: bytesOver(memory), starts: new Float64Array() };
}

/** Read a cache; one that is missing, torn, or of another format is as good as empty. */
export function loadCache(path: string, profile: ProfileName): Cache {
  const memory = readShared(path);
  const table = memory === undefined ? undefined : readTable(memory);
  if (table === undefined) return { table: emptyTable(), root: undefined };
  const { buffer } = table.bytes;
  const trailer = buffer.subarray(buffer.length - TRAILER_BYTES);
  if (!trailer.subarray(52, 84).equals(rulesOf(profile))) {
    orderAgain(table, profile);
    return { table, root: undefined };
  }
  const root = trailer.toString('hex', 20, 52);
  return { table, root: root === NO_ROOT ? undefined : root };
}

const NO_ROOT = '0'.repeat(64);

function readTable(memory: SharedArrayBuffer): Table | undefined {
  const bytes = bytesOver(memory);
  const { buffer, view } = bytes;
  const trailer = buffer.length - TRAILER_BYTES;
  if (trailer < 0 || !buffer.subarray(trailer, trailer + 8).equals(MAGIC)) return undefined;
  if (view.getUint32(trailer + 84, true) !== crc32(buffer.subarray(0, -4))) return undefined;
  const folders = view.getUint32(trailer + 8, true);
  const blocks = view.getFloat64(trailer + 12, true);
  if (blocks + folders * 8 !== trailer) return undefined;
  const starts = new Float64Array(new SharedArrayBuffer(folders * 8));
  for (let i = 0; i < folders; i++) starts[i] = view.getFloat64(blocks + i * 8, true);
  return { memory, bytes, starts };
}

/** Write a cache. A disk that is full costs the cache and not the publish. */
export function saveCache(
  path: string,
  profile: ProfileName,
  root: string | undefined,
  blocks: Iterable<{ bytes: Bytes; at: number }>,
): void {
  const beside = `${path}.new`;
  try {
    writeCache(beside, profile, root, blocks);
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    rmSync(path, { force: true });
    const errno = errnoOf(error);
    if (errno !== 'ENOSPC' && errno !== 'EDQUOT') throw cannotWrite(path, error);
  }
}

/** Which block is a folder's; -1 when there is none. */
export function findFolder({ bytes, starts }: Table, folder: TreePath): number {
  const wanted = Buffer.from(folder, 'latin1');
  let low = 0;
  let high = starts.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const [from, to] = folderPathRange(bytes, starts[middle] ?? 0);
    const order = bytes.buffer.compare(wanted, 0, wanted.length, from, to);
    if (order === 0) return middle;
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

function readShared(path: string): SharedArrayBuffer | undefined {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const memory = new SharedArrayBuffer(fstatSync(fd).size);
    const all = new Uint8Array(memory);
    for (let at = 0; at < all.length;) {
      const got = readSync(fd, all, at, all.length - at, at);
      if (got === 0) return undefined;
      at += got;
    }
    return memory;
  } finally {
    closeSync(fd);
  }
}

function writeCache(
  path: string,
  profile: ProfileName,
  root: string | undefined,
  blocks: Iterable<{ bytes: Bytes; at: number }>,
): void {
  const fd = openSync(path, 'w', 0o600);
  try {
    const out = new Output(fd);
    const starts: number[] = [];
    for (const { bytes, at } of blocks) {
      starts.push(out.written);
      out.write(bytes.buffer.subarray(at, at + blockLength(bytes, at)));
    }
    const length = out.written;
    out.write(Buffer.from(Float64Array.from(starts).buffer));

    const { buffer: trailer, view } = bytesOver(new ArrayBuffer(TRAILER_BYTES));
    MAGIC.copy(trailer);
    view.setUint32(8, starts.length, true);
    view.setFloat64(12, length, true);
    trailer.write(root ?? NO_ROOT, 20, 'hex');
    rulesOf(profile).copy(trailer, 52);
    out.write(trailer.subarray(0, 84));
    out.flush();
    view.setUint32(84, out.crc, true);
    out.write(trailer.subarray(84));
    out.flush();
  } finally {
    closeSync(fd);
  }
}

/** Gathers small writes into large ones, and sums up what was written. */
class Output {
  crc = 0;
  readonly #gathered = Buffer.allocUnsafe(4 * 1024 * 1024);
  #filled = 0;
  #done = 0;

  constructor(readonly fd: number) {}

  get written(): number {
    return this.#done + this.#filled;
  }

  write(piece: Buffer): void {
    for (let at = 0; at < piece.length;) {
      if (this.#filled === this.#gathered.length) this.flush();
      const copied = piece.copy(this.#gathered, this.#filled, at);
      this.#filled += copied;
      at += copied;
    }
  }

  flush(): void {
    const piece = this.#gathered.subarray(0, this.#filled);
    for (let at = 0; at < piece.length;) at += writeSync(this.fd, piece, at);
    this.crc = crc32(piece, this.crc);
    this.#done += this.#filled;
    this.#filled = 0;
  }
}

/** What decides about indexes: a cache that other rules made is gone through anew. */
function rulesOf(profile: ProfileName): Buffer {
  return createHash('sha256')
    .update(`${profile}\n${indexRules(profile)}`)
    .digest();
}

function orderAgain({ bytes, starts }: Table, profile: ProfileName): void {
  for (const start of starts) {
    const folder = folderPath(bytes, start);
    let at = firstEntry(bytes, start);
    for (let left = entryCount(bytes, start); left > 0; left--) {
      if (kindOf(bytes, at) !== KIND.folder) {
        setOrder(bytes, at, indexOrder(profile, join(folder, nameOf(bytes, at))));
      }
      at = nextEntry(bytes, at);
    }
  }
}
