import { hash } from 'node:crypto';
import type { BucketRef } from './bucket.ts';
import type { FileEntry } from './entry.ts';
import { OWN_FOLDER } from './own-paths.ts';
import type { TreePath } from './tree-path.ts';

/**
 * What the newest release brought, as far as it is little, in one file: its new buckets and its new
 * files, each after a line `SHA256 BYTES`. Whoever is one release behind has all of it with the call
 * that brings the root. Nothing there is believed but by its digest.
 */
export const NEWEST_PACK = `${OWN_FOLDER}/newest.pack`;

/** Bytes of one thing in there, at most, and of all together. */
export const MOST_NEWEST_BYTES = 256 * 1024;
const ALL_BYTES = 1024 * 1024;
/** The same of what moves as a delta of the last one: an index that is not compressed. */
const DELTA_BYTES = 4 * 1024 * 1024;
/** More new files than this need not be gathered for `newestOf`. */
export const MOST_NEWEST = 500;
const LONGEST_LINE = 80;
/** Bytes of the file, at most. */
export const NEWEST_PACK_BYTES = ALL_BYTES + DELTA_BYTES + MOST_NEWEST * LONGEST_LINE;

/** One thing in there, and what it is. */
export type Newest = { sha256: string; size: number } & (
  | { bucket: BucketRef }
  | { file: FileEntry }
);

/** What stands there for a release: buckets first, then files, as long as there is room. */
export function newestOf(buckets: readonly BucketRef[], files: readonly FileEntry[]): Newest[] {
  const all: Newest[] = [
    ...buckets.map((bucket) => ({ sha256: bucket.sha256, size: bucket.bytes, bucket })),
    ...files.map((file) => ({ sha256: file.sha256, size: file.size, file })),
  ];
  let left = ALL_BYTES;
  let leftOfDeltas = DELTA_BYTES;
  return all
    .filter((one) => {
      const { size } = one;
      if ('file' in one && one.file.order !== undefined && !isCompressed(one.file.path)) {
        if (size > leftOfDeltas) return false;
        leftOfDeltas -= size;
        return true;
      }
      if (size > MOST_NEWEST_BYTES || size > left) return false;
      left -= size;
      return true;
    })
    .slice(0, MOST_NEWEST);
}

/** An old version of what is compressed has nothing in common with the new one. */
export function isCompressed(path: TreePath): boolean {
  return /\.(xz|gz|bz2|zst|lz4|lzma|br|deb|udeb|rpm|apk)$/.test(path);
}

/**
 * Whether a new file may stand there. One that replaces another moves as a delta from where it is; an
 * index does so here, too, since it changes with each release.
 */
export function mayBeNewest({ size, order }: FileEntry, replaces: boolean): boolean {
  return !replaces || order !== undefined || size <= SMALL_FILE;
}

const SMALL_FILE = 4_096;

/** The file's bytes. What `read` does not find, or finds with another size, is left out. */
export function packNewest(
  newest: readonly Newest[],
  read: (one: Newest) => Buffer | undefined,
): Buffer {
  const parts = newest.flatMap((one) => {
    const bytes = read(one);
    return bytes?.length === one.size ? [Buffer.from(`${one.sha256} ${one.size}\n`), bytes] : [];
  });
  return Buffer.concat(parts);
}

/**
 * What is in such a file, by digest: all that is what its line says. Where the bytes are no line, it
 * ends.
 */
export function unpackNewest(pack: Buffer): Map<string, Buffer> {
  const found = new Map<string, Buffer>();
  for (let at = 0; at < pack.length;) {
    const line = LINE.exec(pack.toString('latin1', at, at + LONGEST_LINE));
    if (line === null) break;
    const [whole, sha256 = '', size] = line;
    const from = at + whole.length;
    at = from + Number(size);
    const bytes = pack.subarray(from, at);
    if (hash('sha256', bytes, 'hex') === sha256) found.set(sha256, bytes);
  }
  return found;
}

const LINE = /^([0-9a-f]{64}) (\d{1,7})\n/;
