import type { BucketRef } from './bucket.ts';
import { Cursor, NONE, type ReadBucket } from './cursor.ts';
import { comparePaths, sameEntry, type Entry } from './entry.ts';
import type { Root } from './root.ts';
import type { TreePath } from './tree-path.ts';

/** A path that is not the same in two releases; at least one side is there. */
export interface Change {
  path: TreePath;
  before: Entry | undefined;
  after: Entry | undefined;
}

/** The buckets of `after` that `before` does not have: what has to be fetched. */
export function newBuckets(before: Root | undefined, after: Root): BucketRef[] {
  const known = new Set(before?.buckets.map((bucket) => bucket.sha256));
  return after.buckets.filter((bucket) => !known.has(bucket.sha256));
}

/**
 * What changed between two releases, in the order of entries (a folder before what is in it).
 * Buckets that both have are not read, unless `whole` is set: then also entries that are the same
 * come out. Memory: one bucket of each side. What both have word for word is not taken apart again:
 * `before` is a release that has been read as a whole when it came.
 *
 * @throws ManifestError as decodeBucket does, and whatever `read` throws.
 */
export async function* changes(
  before: Root | undefined,
  after: Root,
  read: ReadBucket,
  whole = false,
): AsyncGenerator<Change> {
  const shared = whole || before === undefined ? NONE : sharedBuckets(before, after);
  const left = new Cursor(before, shared, read);
  const right = new Cursor(after, shared, read);
  let a = await left.next();
  let b = await right.next();
  while (a !== undefined || b !== undefined) {
    const order = a === undefined ? 1 : b === undefined ? -1 : comparePaths(a.path, b.path);
    if (order < 0 && a !== undefined) {
      yield { path: a.path, before: a, after: undefined };
    } else if (order > 0 && b !== undefined) {
      yield { path: b.path, before: undefined, after: b };
    } else if (a !== undefined && b !== undefined && (whole || !sameEntry(a, b))) {
      yield { path: b.path, before: a, after: b };
    }
    if (order === 0 && !whole) right.passOverSame(left);
    if (order <= 0) a = left.take() ?? (await left.next());
    if (order >= 0) b = right.take() ?? (await right.next());
  }
}

function sharedBuckets(before: Root, after: Root): Set<string> {
  const theirs = new Set(after.buckets.map((bucket) => bucket.sha256));
  return new Set(before.buckets.map((b) => b.sha256).filter((digest) => theirs.has(digest)));
}
