import { decodeBucket } from './bucket.ts';
import type { ReadBucket } from './cursor.ts';
import { comparePaths, type Entry } from './entry.ts';
import type { Root } from './root.ts';
import type { TreePath } from './tree-path.ts';

/** The entry of one path in a release, if it has it. */
export async function findEntry(
  root: Root,
  path: TreePath,
  read: ReadBucket,
): Promise<Entry | undefined> {
  const index = root.buckets.findLastIndex((b) => comparePaths(b.first, path) <= 0);
  const bucket = root.buckets[index];
  if (bucket === undefined) return undefined;
  const entries = decodeBucket(await read(bucket), bucket, root.buckets[index + 1]);
  return entries.find((entry) => entry.path === path);
}

/** True when a release has anything in this folder. */
export async function hasEntriesIn(root: Root, folder: TreePath, read: ReadBucket) {
  const start = `${folder}/`; // Before any path in the folder, after any outside that precedes it.
  const from = Math.max(
    root.buckets.findLastIndex((b) => comparePaths(b.first, start) <= 0),
    0,
  );
  for (const [i, bucket] of root.buckets.slice(from, from + 2).entries()) {
    const entries = decodeBucket(await read(bucket), bucket, root.buckets[from + i + 1]);
    if (entries.some((entry) => isIn(entry.path, folder))) return true;
  }
  return false;
}

function isIn(path: TreePath, folder: TreePath): boolean {
  return path.startsWith(`${folder}/`) && !path.includes('/', folder.length + 1);
}
