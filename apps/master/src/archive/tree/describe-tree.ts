import { constants, lstatSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  BY_HASH_FOLDER,
  LIMITS,
  MANIFEST_FOLDER,
  type Root,
  type RootRef,
  type TreePath,
} from '@pushmirror/manifest';
import { ArchiveError } from '../archive-error.ts';
import { copyIndexes, noteIndexes } from './by-hash.ts';
import { changedFolders } from './changed-folders.ts';
import { loadCache, saveCache } from './digest-cache.ts';
import { Hands } from './hands.ts';
import { keepsChanging } from './hash-file.ts';
import { hashUnknown } from './hash.ts';
import type { ProgressCounter } from './progress.ts';
import { prune } from './prune.ts';
import {
  newestReadable,
  publicRoot,
  releasesToKeep,
  storedReleases,
  type StoredRelease,
} from './releases.ts';
import { scanDeep, scanShallow } from './scan.ts';
import { cannotWrite, StagedFolder } from './staged-folder.ts';
import { TreeState } from './tree-state.ts';
import { unsettledFolders } from './unsettled.ts';
import { showNewest } from './show-newest.ts';
import {
  compare,
  tooLarge,
  writeBuckets,
  writeRoot,
  type Draft,
  type ReleaseName,
} from './write-manifest.ts';

/** What is to be described, and where what is remembered of it lies. */
export interface TreeTask extends ReleaseName {
  /** The archive's folder, and the one for our notes about it. */
  root: string;
  cacheDir: string;
  deleteLimit: number;
  allowDelete: number | undefined;
  /** Only these paths are said to have changed. */
  changed: TreePath[] | undefined;
  full: boolean;
  /** Roots that a head still names. */
  keep: readonly string[];
  /** Changes of the last so many milliseconds cannot be told from later ones by their times. */
  freshMs: number;
}

/** What a release consists of. */
export interface Described {
  manifest: RootRef;
  files: number;
  bytes: number;
  /** Files and links that came or changed, and that went, since the release before. */
  changed: number;
  dropped: number;
}

/** How often we look again at what changed while we looked. */
const ROUNDS = 5;

/**
 * Describe a tree: find out what is in it, write its manifest, and put its indexes where mirrors
 * fetch them. Blocks the thread now and then; describe.ts runs it in one of its own.
 */
export async function describeTreeHere(
  task: TreeTask,
  progress: ProgressCounter,
  signal: AbortSignal,
): Promise<Described> {
  const { root, cacheDir, profile, full, freshMs } = task;
  checkFolder(root);
  makeFolder(cacheDir);
  const cacheFile = join(cacheDir, 'digests');
  const cache = loadCache(cacheFile, profile);
  const { memory, starts } = cache.table;
  const hands = new Hands({ root, profile, full, freshMs, table: { memory, starts } });
  try {
    const known = await recall(task, cache.root);
    const state = new TreeState(cache.table, isPartial(task, known));
    try {
      await readTree(task, isPartial(task, known), { hands, state, progress, signal });
      progress.phase('writing');
      const described = await writeRelease(task, known, state, signal);
      saveCache(cacheFile, profile, described.manifest.sha256, state.blocks());
      return described;
    } catch (error) {
      // What has been hashed need not be hashed again.
      if (progress.hashed > 0) saveCache(cacheFile, profile, undefined, state.blocks());
      throw error;
    }
  } finally {
    hands.close();
  }
}

/** What earlier publishes left. */
interface Known {
  manifest: StagedFolder;
  byHash: StagedFolder;
  releases: StoredRelease[];
  previous: Root | undefined;
  /** The cache is exactly what the previous release was made of. */
  exactly: boolean;
}

async function recall(
  { root, network, archive }: TreeTask,
  cachedRoot: string | undefined,
): Promise<Known> {
  // Made before the scan: they are in a folder that is of the release.
  const manifest = await StagedFolder.open(join(root, MANIFEST_FOLDER));
  const byHash = await StagedFolder.open(join(root, BY_HASH_FOLDER));
  const releases = await storedReleases(manifest, network, archive);
  const newest = newestReadable(manifest, releases);
  const exactly = newest !== undefined && newest.sha256 === cachedRoot;
  return { manifest, byHash, releases, previous: newest?.root, exactly };
}

/** A list of changes says enough only beside full knowledge of the release before. */
function isPartial(task: TreeTask, known: Known): boolean {
  return task.changed !== undefined && known.exactly;
}

interface Reading {
  hands: Hands;
  state: TreeState;
  progress: ProgressCounter;
  signal: AbortSignal;
}

/** Bring the state to what is on disk now. */
async function readTree(
  { root, archive, changed = [] }: TreeTask,
  partial: boolean,
  { hands, state, progress, signal }: Reading,
): Promise<void> {
  hands.onRead = progress.read;
  const scan = { hands, state, signal, onCount: progress.scanned };
  let unsettled = partial
    ? await scanShallow(scan, changedFolders(root, state, changed))
    : await scanDeep(scan, ['']);
  for (let round = 0; ; round++) {
    if (progress.entries > LIMITS.entries) throw tooLarge(archive, progress.entries);
    const gone = await hashUnknown({ hands, state, signal, onHashed: progress.filesHashed });
    const again = new Set([...unsettled, ...gone, ...unsettledFolders(root, state, !partial)]);
    if (again.size === 0) return;
    const [one = ''] = again;
    if (round === ROUNDS) throw keepsChanging(one);
    unsettled = await scanShallow(scan, [...again].sort());
  }
}

/** Write down what the state says: buckets, indexes, and last the root. */
async function writeRelease(
  task: TreeTask,
  known: Known,
  state: TreeState,
  signal: AbortSignal,
): Promise<Described> {
  const { root, cacheDir, network, archive, epoch, serial, profile } = task;
  const { manifest, byHash, releases, previous } = known;
  const name = { network, archive, epoch, serial, profile };
  const base = known.exactly ? previous : undefined;
  const draft = await writeBuckets(state, name, manifest, base, signal);
  const { changed, dropped, deletes, came } = await compare(previous, draft.root, manifest);
  checkDeletes(task, deletes);
  await copyIndexes(root, byHash, draft.indexes);
  await noteIndexes(cacheDir, draft.ref.sha256, draft.indexes);
  signal.throwIfAborted();
  showNewest(root, previous, draft.root, came);
  await writeRoot(draft, manifest);

  const all = [released(draft), ...releases.filter((r) => r.sha256 !== draft.ref.sha256)];
  const named = new Set([...task.keep, publicRoot(root) ?? '']);
  const keep = releasesToKeep(all, named, new Date());
  if (keep.length < all.length || releases.length === 0) {
    await prune({ keep, manifest, byHash, cacheDir });
  }
  const { files, bytes } = draft.root;
  return { manifest: draft.ref, files, bytes, changed, dropped };
}

function released({ ref, root: { epoch, serial } }: Draft): StoredRelease {
  return { sha256: ref.sha256, epoch, serial, writtenAt: new Date() };
}

function checkFolder(root: string): void {
  const stat = lstatSync(root, { throwIfNoEntry: false });
  if (stat !== undefined && (stat.mode & constants.S_IFMT) === constants.S_IFDIR) return;
  throw new ArchiveError(
    'unreadable',
    `${root} is not a folder, so there is no archive to publish. Mount or make it.`,
  );
}

function checkDeletes(task: TreeTask, deletes: number): void {
  const allowed = Math.max(task.deleteLimit, task.allowDelete ?? 0);
  if (deletes <= allowed) return;
  throw new ArchiveError(
    'too-many-deletes',
    `This release of ${task.archive} drops ${deletes} files, links and folders, and the archive's limit is ${task.deleteLimit}. ` +
      `If that is right, publish with --allow-delete ${deletes}.`,
  );
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw cannotWrite(path, error);
  }
}
