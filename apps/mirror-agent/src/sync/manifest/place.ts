import {
  chmodSync,
  constants,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  utimesSync,
  type Dirent,
  type Stats,
} from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import {
  bucketName,
  BY_HASH_FOLDER,
  bytesOf,
  folderOf,
  MANIFEST_FOLDER,
  mayBeNewest,
  MOST_NEWEST,
  onDisk,
  printable,
  rootName,
  type Entry,
  type FileEntry,
  type Step,
  type TreePath,
} from '@pushmirror/manifest';
import { SyncFailure } from '../failure.ts';
import { makeTreeFolder, statOf } from '../tree-files.ts';
import { checkFile, type Expected } from './check-file.ts';
import { byHashName, nextName } from './digest-names.ts';
import { showNewest } from './newest.ts';
import type { Part, PlannedMove } from './release.ts';
import { stagedByHash, stagedManifest, stagedNames, type Staging } from './staging.ts';
import { standsInFolders } from './stands-in-folders.ts';
import { Unseen } from './unseen.ts';

/**
 * Stage 1, its second half: what is staged, checked and new gets into place, by rename; indexes only
 * under their digests. Readers notice nothing of it. May be repeated after a crash: what is in
 * place already is left there.
 *
 * @returns how many steps of content wait for the switch.
 */
export async function placeNew({ context, planned }: Part): Promise<number> {
  const { to } = context.archive;
  const { plan, staging } = planned;
  await moveAll(stagedByHash(staging), join(to, BY_HASH_FOLDER), namesOfIndexes(plan));
  const places = new Places(to, planned);
  const unseen = new Unseen();
  const newest: FileEntry[] = [];
  let later = 0;
  for await (const step of plan.content()) {
    if (unseen.has(step)) await places.take(step);
    else later += 1;
    if (step.do !== 'fetch' || newest.length === MOST_NEWEST) continue;
    if (mayBeNewest(step.entry, step.replaces === 'file')) newest.push(step.entry);
  }
  await publishManifest(to, planned);
  await showNewest(to, planned, newest);
  return later;
}

/** The content that had to wait, since it replaces something: part of the switch. */
export async function placeRest({ context, planned }: Part): Promise<void> {
  const { to } = context.archive;
  const { plan } = planned;
  for (const entry of plan.obstacles) await remove(to, entry);
  const places = new Places(to, planned);
  const unseen = new Unseen();
  for await (const step of plan.content()) {
    if (!unseen.has(step)) await places.take(step);
  }
}

/** Buckets first: a root that is there can be used. */
async function publishManifest(to: string, { staging, root, to: { root: ref } }: PlannedMove) {
  const from = stagedManifest(staging);
  const published = join(to, MANIFEST_FOLDER);
  await moveAll(from, published, new Set(root.buckets.map(bucketName)), 0o644);
  await moveAll(from, published, new Set([rootName(ref)]), 0o644);
}

/** Only what has been gathered for this move, which has been checked. */
function namesOfIndexes({ indexes }: PlannedMove['plan']): Set<string> {
  return new Set(indexes.flatMap(({ entry }) => (entry.kind === 'file' ? [entry.sha256] : [])));
}

/**
 * Remove what a release dropped: a file or link, or a folder when nothing is in it. Where a folder on
 * the way has become a link, it has gone already, and what the link leads to is something else.
 */
export async function remove(to: string, entry: Pick<Entry, 'kind' | 'path'>): Promise<void> {
  if (!standsInFolders(to, entry.path)) return;
  const path = onDisk(to, entry.path);
  try {
    if (entry.kind === 'folder') rmdirSync(path);
    else unlinkSync(path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!['ENOENT', 'ENOTEMPTY', 'EEXIST', 'ENOTDIR', 'EISDIR'].includes(code)) throw error;
  }
}

/** This thread also answers triggers: it stops for them after so many steps. */
const STEPS_A_STRETCH = 200;

/**
 * Does the steps of content, one after the other. What is only a rename or two is done without a
 * promise, which costs several times as much.
 */
export class Places {
  readonly #real = new Set<TreePath>(['']);
  #steps = 0;

  constructor(
    readonly to: string,
    readonly planned: Pick<PlannedMove, 'staging'>,
  ) {}

  async take(step: Step): Promise<void> {
    const { to } = this;
    const { entry } = step;
    if (++this.#steps % STEPS_A_STRETCH === 0) await breathe();
    this.#checkFolder(folderOf(entry.path));
    const target = onDisk(to, entry.path);
    switch (step.do) {
      case 'folder':
        return makeFolder(target, step.entry.mode);
      case 'link':
        return replace(await readyLink(this.planned.staging, step.entry.target), target);
      case 'touch':
        return touch(to, this.planned.staging, step.entry);
      case 'repeat':
        return this.#repeat(step.entry, step.from, target);
      case 'fetch':
      case 'reuse':
        return this.#place(step.entry, target);
    }
  }

  async #place(entry: FileEntry, target: string | Buffer): Promise<void> {
    for (const name of stagedNames(entry)) {
      const staged = onDisk(this.planned.staging.files, name);
      if (lstatSync(staged, { throwIfNoEntry: false }) !== undefined)
        return replace(staged, target);
    }
    const waited = await readyCopy(this.planned.staging, onDisk(this.to, nextName(entry)), entry);
    if (waited !== undefined) return replace(waited, target);
    // In place already: from before a crash, or because it had not been deleted yet.
    await touch(this.to, this.planned.staging, entry);
  }

  async #repeat(entry: FileEntry, from: TreePath, target: string | Buffer): Promise<void> {
    if ((await checkFile(this.to, bare(entry))) === undefined) {
      return touch(this.to, this.planned.staging, entry);
    }
    const { staging } = this.planned;
    const named = [byHashName(entry), nextName(entry)].map((name) => onDisk(this.to, name));
    const there = (await checkFile(this.to, { ...bare(entry), path: from })) === undefined;
    const places = there ? [...named, onDisk(this.to, from)] : named;
    const staged = stagedNames({ ...entry, path: from }).map((name) => onDisk(staging.files, name));
    for (const source of [...staged, ...places]) {
      const ready = await readyCopy(staging, source, entry);
      if (ready !== undefined) return replace(ready, target);
    }
    throw lost(entry.path);
  }

  /** No folder on the way may be a link, or we would write where it leads. */
  #checkFolder(folder: TreePath): void {
    if (this.#real.has(folder)) return;
    this.#checkFolder(folderOf(folder));
    const stat = lstatSync(onDisk(this.to, folder), { throwIfNoEntry: false });
    if (stat?.isDirectory() !== true) throw lost(folder);
    this.#real.add(folder);
  }
}

/** A file of these contents with the entry's mode and time, ready to be renamed into place. */
export async function readyCopy(
  staging: Staging,
  source: string | Buffer,
  entry: FileEntry,
): Promise<string | undefined> {
  const stat = statOf(source);
  if (stat?.isFile() !== true || stat.size !== entry.size) return undefined;
  const ready = staging.nextReady();
  if (isSettled(stat, entry) && isLinked(source, ready)) return ready;
  await copyFile(source, ready, constants.COPYFILE_FICLONE);
  chmodSync(ready, entry.mode);
  utimesSync(ready, entry.mtime, entry.mtime);
  return ready;
}

function isLinked(source: string | Buffer, name: string): boolean {
  try {
    linkSync(source, name);
    return true;
  } catch {
    return false; // Too many links, or a file system without.
  }
}

export async function readyLink(staging: Staging, target: string): Promise<string> {
  const ready = staging.nextReady();
  symlinkSync(bytesOf(target), ready);
  return ready;
}

/** Rename over whatever is there; a folder that the manifest does not know makes way. */
export async function replace(from: string | Buffer, target: string | Buffer): Promise<void> {
  try {
    renameSync(from, target);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code !== 'EISDIR' && code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    rmSync(target, { recursive: true, force: true });
    renameSync(from, target);
  }
}

/** Give a file that is in place its mode and time; not to other names of it, if it has any. */
export async function touch(to: string, staging: Staging, entry: FileEntry): Promise<void> {
  const target = onDisk(to, entry.path);
  if ((await checkFile(to, bare(entry))) !== undefined) throw lost(entry.path);
  const stat = lstatSync(target);
  if (isSettled(stat, entry)) return;
  if (stat.nlink === 1) {
    chmodSync(target, entry.mode);
    utimesSync(target, entry.mtime, entry.mtime);
    return;
  }
  const ready = await readyCopy(staging, target, entry);
  if (ready !== undefined) await replace(ready, target);
}

function bare({ path, size, sha256 }: FileEntry): Expected {
  return { path, size, sha256 };
}

function isSettled(stat: Stats, { mode, mtime }: FileEntry): boolean {
  return (stat.mode & 0o777) === mode && Math.floor(stat.mtimeMs / 1000) === mtime;
}

function makeFolder(target: string | Buffer, mode: number): void {
  const stat = lstatSync(target, { throwIfNoEntry: false });
  if (stat !== undefined && !stat.isDirectory()) unlinkSync(target);
  if (stat?.isDirectory() !== true) mkdirSync(target);
  chmodSync(target, mode);
}

/** Move those of the files that are named. */
async function moveAll(
  from: string,
  to: string,
  wanted: ReadonlySet<string>,
  mode?: number,
): Promise<void> {
  const entries = entriesOf(from);
  const names = entries.filter((entry) => entry.isFile() && wanted.has(entry.name));
  if (names.length > 0) await makeTreeFolder(to);
  for (const [i, { name }] of names.entries()) {
    if (i % STEPS_A_STRETCH === STEPS_A_STRETCH - 1) await breathe();
    if (mode !== undefined) chmodSync(`${from}/${name}`, mode);
    renameSync(`${from}/${name}`, `${to}/${name}`);
  }
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
}

/** What was staged is not there, or the tree is not what our record says: only a look through helps. */
export class TreeNotAsRecorded extends SyncFailure {
  constructor(path: TreePath) {
    super('mismatch', `${printable(path)} is not what our own record of the tree says`, {
      retry: true,
    });
  }
}

function lost(path: TreePath): TreeNotAsRecorded {
  return new TreeNotAsRecorded(path);
}
