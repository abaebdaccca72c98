import { linkSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  bucketName,
  BY_HASH_FOLDER,
  folderOf,
  MANIFEST_FOLDER,
  NEWEST_FOLDER,
  newBuckets,
  newestName,
  newestOf,
  onDisk,
  type FileEntry,
} from '@pushmirror/manifest';
import { makeTreeFolder, namesIn, statOf } from '../tree-files.ts';
import { DISK_SERIAL } from './adopt.ts';
import { checkFile, type Expected } from './check-file.ts';
import { standsInFolders } from './stands-in-folders.ts';
import type { PlannedMove } from './release.ts';
import { stagedManifest, type Staging } from './staging.ts';

/** Buckets that came along with the root get to where others are fetched to, and are checked there. */
export function takeNewestBuckets(staging: Staging): void {
  const folder = join(staging.files, NEWEST_FOLDER);
  for (const name of namesIn(folder)) {
    if (!/^[0-9a-f]{64}\.bucket$/.test(name)) continue;
    const from = join(folder, name);
    if (statOf(from)?.isFile() === true) renameSync(from, join(stagedManifest(staging), name));
  }
}

/** Whether a file came along with the root, as it should be; it is where it would be fetched to. */
export async function takeNewest(
  files: string,
  entry: FileEntry,
  expected: Expected,
): Promise<boolean> {
  const from = onDisk(files, newestName(entry));
  const stat = statOf(from);
  if (stat?.isFile() !== true || stat.size !== expected.size) return false;
  const to = onDisk(files, expected.path);
  mkdirSync(onDisk(files, folderOf(expected.path)), { recursive: true, mode: 0o700 });
  rmSync(to, { recursive: true, force: true });
  renameSync(from, to);
  if ((await checkFile(files, expected)) === undefined) return true;
  rmSync(to, { force: true });
  return false;
}

/**
 * Put what a release brought, as far as it is little, where our own downstreams get it with the root.
 * Of the release before, what is not overwritten goes. Nothing hangs on it: what is not there is
 * fetched from where it is.
 */
export async function showNewest(
  to: string,
  { move, from, plan, staging }: PlannedMove,
  content: readonly FileEntry[],
): Promise<void> {
  const folder = join(to, NEWEST_FOLDER);
  const { before, after } = move;
  const isKnown = before !== undefined && from.serial !== DISK_SERIAL;
  const indexes = plan.indexes.flatMap((step) => (step.do === 'fetch' ? [step.entry] : []));
  const newest = isKnown ? newestOf(newBuckets(before, after), [...indexes, ...content]) : [];
  rmSync(folder, { recursive: true, force: true });
  if (newest.length > 0) await makeTreeFolder(folder);
  const isIndex = new Set<FileEntry>(indexes);
  for (const one of newest) {
    const name = onDisk(to, one.name);
    if ('bucket' in one) tryLink(join(to, MANIFEST_FOLDER, bucketName(one.bucket)), name);
    else if (isIndex.has(one.file)) tryLink(join(to, BY_HASH_FOLDER, one.file.sha256), name);
    // Content that replaces something is still in staging.
    else if (!tryLink(onDisk(staging.files, one.file.path), name)) {
      if (standsInFolders(to, one.file.path)) tryLink(onDisk(to, one.file.path), name);
    }
  }
}

function tryLink(from: string | Buffer, name: string | Buffer): boolean {
  try {
    linkSync(from, name);
    return true;
  } catch {
    return false;
  }
}
