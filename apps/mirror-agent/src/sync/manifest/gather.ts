import {
  constants,
  copyFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  rmSync,
  type Stats,
} from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';
import {
  folderOf,
  isCompressed,
  onDisk,
  type FileEntry,
  type Step,
  type TreePath,
} from '@pushmirror/manifest';
import { checkFile, type Expected } from './check-file.ts';
import { checkFiles, type Flawed } from './check-files.ts';
import { byHashName, nextName } from './digest-names.ts';
import { fetchFiles } from './fetch.ts';
import { fetchWaiting } from './fetch-waiting.ts';
import { NEXT_FOLDER } from '../own-files.ts';
import { mismatch } from './mismatch.ts';
import { standsInFolders } from './stands-in-folders.ts';
import type { Part } from './release.ts';
import { offerBasis, putIntoStaging } from './staging.ts';
import { writeOut } from './write-out.ts';
import type { Upstream } from '../upstream-url.ts';

/** One call of rsync fetches at most so much; then it is checked, and the next call follows. */
const FILES_A_CALL = 50_000;
const BYTES_A_CALL = 16 * 1024 ** 3;
const STEPS_A_STRETCH = 500;
const FLAWS_TOLD = 100;
/** rsync tells with every file. */
const TELL_EVERY_MS = 250;

/**
 * Bring all that a move needs into staging, and check it: what is on disk already, under another
 * name or left from an attempt that was interrupted, from there; all else from the upstream.
 *
 * @throws SyncFailure `mismatch` when the upstream's files are not what the manifest says. What was
 * good stays in staging.
 */
export async function gather(
  part: Part,
  upstream: Upstream,
  theirFilters: readonly string[],
): Promise<void> {
  const fetching = new Fetching(part, upstream, theirFilters);
  for (const step of part.planned.plan.indexes) await gatherStep(part, step, fetching, true);
  let steps = 0;
  for await (const step of part.planned.plan.content()) {
    await gatherStep(part, step, fetching, false);
    if (++steps % STEPS_A_STRETCH === 0) {
      await breathe();
      part.context.remainingMs();
    }
  }
  await fetching.finish();
}

async function gatherStep(
  part: Part,
  step: Step,
  fetching: Fetching,
  isIndex: boolean,
): Promise<void> {
  if (step.do !== 'fetch' && step.do !== 'reuse') return;
  const { entry } = step;
  const { to } = part.context.archive;
  const { files } = part.planned.staging;
  const name = isIndex ? byHashName(entry) : entry.path;
  const { size, sha256 } = entry;
  const expected = { path: name, size, sha256, settle: entry };
  // It may be there from an earlier attempt, or come back before it was deleted.
  if (await isGood(files, expected)) return;
  if (await isGood(to, { path: name, size, sha256 })) return;
  const waiting = { ...expected, path: isIndex ? name : nextName(entry) };
  if (!isIndex) {
    if (fetching.hasNext && (await isGood(to, { path: waiting.path, size, sha256 }))) return;
    if (await isGood(files, waiting)) return;
  }
  const came = part.planned.newest.get(sha256);
  if (came?.length === size) return fetching.take(waiting.path, came, entry);
  if (step.do === 'reuse' && (await takeFrom(to, step.from, files, expected))) return;
  if ((isIndex || step.replaces === 'file') && isWorthABasis(entry)) {
    await fetching.offer(name, onDisk(to, entry.path));
  }
  await fetching.add(expected);
}

/** Whether a file is there and as expected, and not only by way of a link. */
async function isGood(folder: string, expected: Expected): Promise<boolean> {
  const stat = statOf(onDisk(folder, expected.path));
  if (stat === undefined || !stat.isFile() || stat.size !== expected.size) return false;
  if (!standsInFolders(folder, expected.path)) return false;
  return (await checkFile(folder, expected)) === undefined;
}

/** Where a folder is wanted there may still be a file, or a link to nowhere: nothing is below it. */
function statOf(path: string | Buffer): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTDIR' || code === 'ELOOP') return undefined;
    throw error;
  }
}

/** Link what is on disk under another name into staging, or copy it when its times are others. */
async function takeFrom(
  to: string,
  from: TreePath,
  files: string,
  expected: Expected,
): Promise<boolean> {
  const source = onDisk(to, from);
  const target = onDisk(files, expected.path);
  const { settle } = expected;
  try {
    const stat = lstatSync(source);
    if (!stat.isFile()) return false;
    mkdirSync(onDisk(files, folderOf(expected.path)), { recursive: true, mode: 0o700 });
    rmSync(target, { recursive: true, force: true });
    const sameInode =
      (stat.mode & 0o777) === settle?.mode && Math.floor(stat.mtimeMs / 1000) === settle.mtime;
    if (sameInode) linkSync(source, target);
    else copyFileSync(source, target, constants.COPYFILE_FICLONE);
  } catch {
    return false; // It is fetched instead.
  }
  if ((await checkFile(files, expected)) === undefined) return true;
  rmSync(target, { force: true });
  return false;
}

/** What is small is fetched sooner than it is compared. */
function isWorthABasis({ path, size }: FileEntry): boolean {
  return size > 4_096 && !isCompressed(path);
}

/** Collects what has to be fetched, and fetches and checks it when it is enough for a call. */
class Fetching {
  /** Something waits for a switch here already. */
  readonly hasNext: boolean;
  #batch: Expected[] = [];
  #came: TreePath[] = [];
  /** In staging, for what came. */
  readonly #folders = new Set<TreePath>();
  /** Some of them have older versions that rsync may start from. */
  #hasBasis = false;
  #bytes = 0;
  #done = 0;
  #toldAt = 0;

  constructor(
    readonly part: Part,
    readonly upstream: Upstream,
    readonly theirFilters: readonly string[],
  ) {
    this.hasNext = existsSync(onDisk(part.context.archive.to, NEXT_FOLDER));
  }

  async offer(name: TreePath, old: string | Buffer): Promise<void> {
    this.#hasBasis = true;
    await offerBasis(this.part.planned.staging, name, old);
  }

  /** It has come with the root. */
  take(name: TreePath, bytes: Buffer, entry: FileEntry): void {
    const { files } = this.part.planned.staging;
    const folder = folderOf(name);
    if (!this.#folders.has(folder)) {
      mkdirSync(onDisk(files, folder), { recursive: true, mode: 0o700 });
      this.#folders.add(folder);
    }
    putIntoStaging(onDisk(files, name), bytes, entry);
    this.#came.push(name);
  }

  async add(expected: Expected): Promise<void> {
    this.#batch.push(expected);
    this.#bytes += expected.size;
    if (this.#batch.length >= FILES_A_CALL || this.#bytes >= BYTES_A_CALL) await this.finish();
  }

  async finish(): Promise<void> {
    const { context, planned } = this.part;
    const { staging, plan } = planned;
    const batch = this.#batch;
    const came = this.#came;
    this.#came = [];
    if (batch.length === 0) return writeOut(context, staging.files, came);
    for (const { path } of batch) {
      // What is in the way in staging is of no use any more.
      rmSync(onDisk(staging.files, path), { recursive: true, force: true });
    }
    const end = await fetchFiles(context, {
      upstream: this.upstream,
      names: batch.map(({ path }) => path),
      largest: batch.reduce((most, { size }) => Math.max(most, size), 1),
      total: this.#bytes,
      into: staging.files,
      basis: this.#hasBasis ? [staging.basis] : [],
      onProgress: ({ bytes }) => {
        if (performance.now() - this.#toldAt < TELL_EVERY_MS) return;
        this.#toldAt = performance.now();
        const sofar = this.#done + bytes;
        const bytesInAll = plan.fetch.bytes;
        const percent = Math.min(100, Math.floor((100 * sofar) / Math.max(bytesInAll, 1)));
        context.onEvent({ type: 'progress', stage: 1, bytes: sofar, bytesInAll, percent });
      },
    });
    const first = await checkFiles(staging.files, batch, context.signal);
    const flawed = await fetchWaiting(this.part, this.upstream, first);
    this.#done += this.#bytes;
    this.#batch = [];
    this.#hasBasis = false;
    this.#bytes = 0;
    if (flawed.length === 0) {
      return writeOut(context, staging.files, [...came, ...batch.map(({ path }) => path)]);
    }
    for (const { expected } of flawed) {
      rmSync(onDisk(staging.files, expected.path), { recursive: true, force: true });
    }
    throw mismatch(this.upstream, this.#byPath(flawed), end, this.theirFilters);
  }

  /** People know an index by its path, not by its digest. */
  #byPath(flawed: readonly Flawed[]): Flawed[] {
    return flawed.slice(0, FLAWS_TOLD).map(({ expected, flaw }) => {
      const index = this.part.planned.plan.indexes.find(
        ({ entry }) => entry.kind === 'file' && byHashName(entry) === expected.path,
      );
      return { flaw, expected: { ...expected, path: index?.entry.path ?? expected.path } };
    });
  }
}
