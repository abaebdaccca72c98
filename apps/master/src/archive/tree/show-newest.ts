import { lstatSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  bucketName,
  MANIFEST_FOLDER,
  NEWEST_PACK,
  newBuckets,
  newestOf,
  onDisk,
  packNewest,
  type FileEntry,
  type Newest,
  type Root,
} from '@pushmirror/manifest';

/**
 * Put what a release brings, as far as it is little, where mirrors get it together with its root. What
 * is not there, or is not right, mirrors fetch from where it is: nothing hangs on this.
 */
export function showNewest(
  root: string,
  before: Root | undefined,
  after: Root,
  came: readonly FileEntry[],
): void {
  const path = join(root, NEWEST_PACK);
  try {
    rmSync(path, { recursive: true, force: true });
    if (before === undefined) return;
    const newest = newestOf(newBuckets(before, after), came);
    const beside = `${path}.new`;
    writeFileSync(
      beside,
      packNewest(newest, (one) => contentOf(root, one)),
    );
    renameSync(beside, path);
  } catch {
    // It is complained about where it matters: the manifest is written to the same disk.
  }
}

function contentOf(root: string, one: Newest): Buffer | undefined {
  const path =
    'file' in one
      ? onDisk(root, one.file.path)
      : join(root, MANIFEST_FOLDER, bucketName(one.bucket));
  try {
    const stat = lstatSync(path);
    return stat.isFile() && stat.size === one.size ? readFileSync(path) : undefined;
  } catch {
    return undefined; // It has gone in this moment: the next release will say so.
  }
}
