import {
  closeSync,
  existsSync,
  fchmodSync,
  futimesSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { link, mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from '@pushmirror/host';
import {
  BY_HASH_FOLDER,
  folderOf,
  MANIFEST_FOLDER,
  onDisk,
  OWN_FOLDER,
  type FileEntry,
  type TreePath,
} from '@pushmirror/manifest';
import { makeTreeFolder } from '../tree-files.ts';
import { nextName } from './digest-names.ts';

/**
 * Where everything stays until its digest has been checked: on the tree's own file system, so that
 * it gets into place by rename, and for nobody's eyes but ours (mode 0700).
 */
export interface Staging {
  folder: string;
  /** What is fetched, under its path in the upstream's tree. */
  files: string;
  /** Old versions under the new ones' names, for rsync's deltas. */
  basis: string;
  /** What is ready to be renamed over a file that readers see. */
  ready: string;
  /** A fresh name in `ready`. */
  nextReady(): string;
  /** `few`: little is in it, so that it is gone in a moment; else others get their turn meanwhile. */
  clean(few: boolean): Promise<void>;
}

/**
 * Open the staging folder: beside the tree (`.NAME.pushmirror`), where neither readers nor
 * downstreams ever look. Where that is another file system, or may not be written, as when the
 * tree is a mount point: in the tree's project/pushmirror.
 */
export async function openStaging(to: string): Promise<Staging> {
  const own = join(to, OWN_FOLDER);
  await makeTreeFolder(own);
  const beside = layout(join(dirname(to), `.${basename(to)}.pushmirror`));
  if (await canRename(beside, own)) return beside;
  const inside = layout(join(own, 'staging'));
  await prepare(inside);
  return inside;
}

/** Where what the disk held is described, when nothing else says it. */
export const diskScratch = (staging: Staging) => join(staging.folder, 'disk');
/** Where a file of the upstream's own folder is staged. */
export const stagedManifest = (staging: Staging) => join(staging.files, MANIFEST_FOLDER);
export const stagedByHash = (staging: Staging) => join(staging.files, BY_HASH_FOLDER);

/** Where a file's content may be in staging: as it was fetched, or as it came with the root. */
export function stagedNames(entry: Pick<FileEntry, 'path' | 'sha256'>): [TreePath, TreePath] {
  return [entry.path, nextName(entry)];
}

/** Write a file into staging, in place of what may be there from an earlier attempt. */
export function putIntoStaging(
  path: string | Buffer,
  bytes: Buffer,
  settle?: { mode: number; mtime: number },
): void {
  const file = openAnew(path);
  try {
    writeFileSync(file, bytes);
    if (settle === undefined) return;
    fchmodSync(file, settle.mode);
    futimesSync(file, settle.mtime, settle.mtime);
  } finally {
    closeSync(file);
  }
}

function openAnew(path: string | Buffer): number {
  try {
    return openSync(path, 'wx', 0o600);
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    rmSync(path, { recursive: true });
    return openSync(path, 'wx', 0o600);
  }
}

/** Offer an old version of a file to rsync as the basis of a new one. */
export async function offerBasis(staging: Staging, name: TreePath, old: string | Buffer) {
  const to = onDisk(staging.basis, name);
  await mkdir(onDisk(staging.basis, folderOf(name)), { recursive: true, mode: 0o700 });
  await rm(to, { force: true });
  await link(old, to).catch(() => {}); // Without a basis it comes whole.
}

function layout(folder: string): Staging {
  const ready = join(folder, 'ready');
  let count = 0;
  return {
    folder,
    files: join(folder, 'files'),
    basis: join(folder, 'basis'),
    ready,
    nextReady: () => join(ready, String(count++)),
    async clean(few) {
      // With a promise for each folder in it this takes ten times as long.
      if (few) rmSync(folder, { recursive: true, force: true });
      else await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Whether what is staged gets into the tree by rename: the empty folder `ready` goes there and back. */
async function canRename(staging: Staging, own: string): Promise<boolean> {
  const there = join(own, '.probe');
  try {
    await prepare(staging);
    rmSync(there, { recursive: true, force: true });
    renameSync(staging.ready, there);
    renameSync(there, staging.ready);
    return true;
  } catch {
    await rm(staging.folder, { recursive: true, force: true }).catch(() => {});
    return false;
  }
}

/** What was fetched before stays; what was ready for a switch is of no use any more. */
async function prepare({ files, ready }: Staging): Promise<void> {
  mkdirSync(files, { recursive: true, mode: 0o700 });
  if (existsSync(ready)) await rm(ready, { recursive: true });
  mkdirSync(ready, { mode: 0o700 });
}
