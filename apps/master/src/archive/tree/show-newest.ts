import { copyFileSync, linkSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  bucketName,
  MANIFEST_FOLDER,
  NEWEST_FOLDER,
  newBuckets,
  newestOf,
  onDisk,
  type FileEntry,
  type Root,
} from '@pushmirror/manifest';

/**
 * Put what a release brings, as far as it is little, where mirrors get it together with its root.
 * Copies of files, since many tools write a new one over the old one in place. What is not there, or
 * is not right, mirrors fetch from where it is: nothing hangs on this.
 */
export function showNewest(
  root: string,
  before: Root | undefined,
  after: Root,
  came: readonly FileEntry[],
): void {
  try {
    rmSync(join(root, NEWEST_FOLDER), { recursive: true, force: true });
    if (before === undefined) return;
    mkdirSync(join(root, NEWEST_FOLDER));
    for (const one of newestOf(newBuckets(before, after), came)) {
      const to = onDisk(root, one.name);
      if ('file' in one) copyFileSync(onDisk(root, one.file.path), to);
      else linkSync(join(root, MANIFEST_FOLDER, bucketName(one.bucket)), to);
    }
  } catch {
    // It is complained about where it matters: the manifest is written to the same disk.
  }
}
