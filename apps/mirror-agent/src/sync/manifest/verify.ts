import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { findEntry, MANIFEST_FOLDER, sameEntry, type Entry, type Root } from '@pushmirror/manifest';
import type { ArchiveSettings } from '../archive-settings.ts';
import { readStanding } from './carried.ts';
import { compareDisk } from './compare-disk.ts';
import { waitingDeletes } from './deletes.ts';
import { selectionOf } from './filters.ts';
import { readStaged } from './staged.ts';
import { createStore } from './store.ts';

/** What is not as the committed release says. */
export interface Problem {
  problem: 'missing' | 'extra' | 'wrong';
  path: string;
  /** What is wrong with it, in a few words. */
  about?: string;
}

export type Verified =
  | { kind: 'verified'; serial: number; entries: number; read: number; bytes: number }
  /** There is no manifest to compare with. */
  | { kind: 'unknown'; reason: string };

export interface VerifyOptions {
  archive: Pick<ArchiveSettings, 'to'>;
  mirror: string;
  /** How many of a hundred files are read; sizes and times are looked at of all. */
  percent: number;
  signal: AbortSignal;
  onProblem: (problem: Problem) => void;
  /** How far it is, after each path. */
  onProgress?: (progress: Progress) => void;
}

export interface Progress {
  /** What the release lists and has been looked at, and how much that is in all. */
  entries: number;
  entriesInAll: number;
  /** Files that were read, and their bytes. */
  read: number;
  bytes: number;
}

/**
 * Compare a tree on disk with the manifest of the release that it was last committed to.
 *
 * It takes no lock, since it may take hours and a release must not wait for it. A sync leaves its
 * record before it changes anything, so that what is found is only told when no sync can have made
 * it; once one has begun to move the tree, that is told instead.
 */
export async function verifyTree(options: VerifyOptions): Promise<Verified> {
  const { archive, mirror, signal, onProblem } = options;
  const standing = await readStanding(archive.to, mirror);
  if (standing.at === 'move') {
    return unknown(
      'a sync is under way, or was interrupted: let it finish, with mirror-agent sync',
    );
  }
  if (standing.at === 'unknown') {
    return unknown(
      'it was not synced by manifest: its upstream publishes none, or mode is "classic"',
    );
  }
  const store = createStore(join(archive.to, MANIFEST_FOLDER));
  const { carried } = standing;
  const root = await store.root(carried.root);
  if (root === undefined)
    return unknown('its manifest is missing. Run: mirror-agent verify --repair');
  const waiting = await waitingDeletes(archive.to);
  const sum = { entries: 0, read: 0, bytes: 0 };

  async function hasMoved(): Promise<boolean> {
    const now = await readStanding(archive.to, mirror);
    return now.at !== 'release' || now.carried.root.sha256 !== carried.root.sha256;
  }
  /** Of a release that is staged, what is new is there already. */
  async function isStaged(path: string): Promise<boolean> {
    const record = await readStaged(archive.to, mirror);
    if (record === undefined) return false;
    const { sha256 } = record.to.root;
    if (staged?.sha256 !== sha256) staged = { sha256, root: await store.root(record.to.root) };
    // Its list comes into the tree last: until then, nobody can tell.
    if (staged.root === undefined) staged = undefined;
    return staged?.root === undefined || (await isListed(staged.root, path));
  }
  let staged: { sha256: string; root: Root | undefined } | undefined;
  const isListed = async (list: Root, path: string) =>
    (await findEntry(list, path, store.read)) !== undefined;
  const compared = compareDisk({
    to: archive.to,
    root,
    read: store.read,
    selected: selectionOf(carried.filters),
    reads: sampleOf(options.percent),
    signal,
    onRead(bytes) {
      sum.read += 1;
      sum.bytes += bytes;
    },
  });
  for await (const { path, found, wanted } of compared) {
    if (wanted !== undefined) sum.entries += 1;
    options.onProgress?.({ ...sum, entriesInAll: root.entries });
    const problem = judge(path, found, wanted);
    if (problem === undefined) continue;
    if (problem.problem === 'extra' && waiting.has(path)) continue;
    if (problem.problem === 'extra' && (await isStaged(path))) continue;
    if (await hasMoved()) return unknown(MOVED);
    onProblem(problem);
  }
  if (await hasMoved()) return unknown(MOVED);
  return { kind: 'verified', serial: carried.serial, ...sum };
}

const MOVED = 'a sync has moved the tree meanwhile: verify it again';

/** The same files each time for the same share. */
export function sampleOf(percent: number): (path: string) => boolean {
  if (percent >= 100) return () => true;
  return (path) =>
    createHash('md5').update(path, 'latin1').digest().readUInt32BE(0) < (percent / 100) * 2 ** 32;
}

function judge(
  path: string,
  found: Entry | undefined,
  wanted: Entry | undefined,
): Problem | undefined {
  if (wanted === undefined) {
    // Each mirror makes this folder, for its own files.
    return path === 'project' || found === undefined ? undefined : { problem: 'extra', path };
  }
  if (found === undefined) return { problem: 'missing', path };
  if (sameEntry(found, wanted)) return undefined;
  return { problem: 'wrong', path, about: difference(found, wanted) };
}

function difference(found: Entry, wanted: Entry): string {
  if (found.kind !== wanted.kind) return `a ${found.kind} instead of a ${wanted.kind}`;
  if (found.kind === 'link') return 'another target';
  if (found.kind === 'file' && wanted.kind === 'file') {
    if (found.size !== wanted.size) return `${found.size} bytes instead of ${wanted.size}`;
    if (found.sha256 !== wanted.sha256) return 'other content';
    if (found.mtime !== wanted.mtime) return 'another time';
  }
  return 'another mode';
}

function unknown(reason: string): Verified {
  return { kind: 'unknown', reason };
}
