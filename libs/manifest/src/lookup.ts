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
  const index = bucketOf(root, path);
  const bucket = root.buckets[index];
  if (bucket === undefined) return undefined;
  const entries = decodeBucket(await read(bucket), bucket, root.buckets[index + 1]);
  return entries.find((entry) => entry.path === path);
}

/** True when a release has anything in this folder. */
export async function hasEntriesIn(root: Root, folder: TreePath, read: ReadBucket) {
  const start = `${folder}/`; // Before any path in the folder, after any outside that precedes it.
  const from = Math.max(bucketOf(root, start), 0);
  for (const [i, bucket] of root.buckets.slice(from, from + 2).entries()) {
    const entries = decodeBucket(await read(bucket), bucket, root.buckets[from + i + 1]);
    if (entries.some((entry) => isIn(entry.path, folder))) return true;
  }
  return false;
}

/** The place of the bucket that has a path, if any has it; -1 when it comes before all of them. */
function bucketOf({ buckets }: Root, path: TreePath): number {
  let low = 0; // All before this one begin at the path or before it,
  let high = buckets.length; // and this one and all after it, after it.
  while (low < high) {
    const middle = (low + high) >>> 1;
    const bucket = buckets[middle];
    if (bucket !== undefined && comparePaths(bucket.first, path) <= 0) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

function isIn(path: TreePath, folder: TreePath): boolean {
  return path.startsWith(`${folder}/`) && !path.includes('/', folder.length + 1);
}
