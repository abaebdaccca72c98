import { createHash } from 'node:crypto';
import { bucketName, type BucketRef } from './bucket.ts';
import type { FileEntry } from './entry.ts';
import { OWN_FOLDER } from './own-paths.ts';
import { bytesOf, type TreePath } from './tree-path.ts';

/**
 * What the newest release brought, as far as it is little: its new buckets under their names, and its
 * new files under those of `newestName`. Whoever is one release behind has all of it with the call
 * that brings the root. Nothing there is believed but by its digest.
 */
export const NEWEST_FOLDER = `${OWN_FOLDER}/newest`;

/** Bytes of one file there, at most. */
export const NEWEST_FILE = 256 * 1024;
const NEWEST_BYTES = 1024 * 1024;
const NEWEST_FILES = 500;

/** By its path, so that rsync finds the version of the release before as the basis of a delta. */
export function newestName({ path }: Pick<FileEntry, 'path'>): TreePath {
  return `${NEWEST_FOLDER}/${createHash('sha256').update(bytesOf(path)).digest('hex')}`;
}

/** One file of the folder: its name from the tree's folder on, and what it is. */
export type Newest =
  | { name: TreePath; size: number; bucket: BucketRef }
  | { name: TreePath; size: number; file: FileEntry };

/** What stands there for a release: buckets first, then files, as long as there is room. */
export function newestOf(buckets: readonly BucketRef[], files: readonly FileEntry[]): Newest[] {
  const all: Newest[] = [
    ...buckets.map((bucket) => ({
      name: `${NEWEST_FOLDER}/${bucketName(bucket)}`,
      size: bucket.bytes,
      bucket,
    })),
    ...files.map((file) => ({ name: newestName(file), size: file.size, file })),
  ];
  let left = NEWEST_BYTES;
  return all
    .filter(({ size }) => {
      if (size > NEWEST_FILE || size > left) return false;
      left -= size;
      return true;
    })
    .slice(0, NEWEST_FILES);
}

/**
 * Whether a new file may stand there. One that replaces another moves as a delta from where it is; an
 * index does so here, too, since it changes with each release.
 */
export function mayBeNewest({ size, order }: FileEntry, replaces: boolean): boolean {
  return !replaces || order !== undefined || size <= SMALL_FILE;
}

const SMALL_FILE = 4_096;

/** More new files than this need not be gathered for `newestOf`. */
export const MOST_NEWEST = NEWEST_FILES;
