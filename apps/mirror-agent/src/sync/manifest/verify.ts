import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { findEntry, MANIFEST_FOLDER, sameEntry, type Entry } from '@pushmirror/manifest';
import type { ArchiveSettings } from '../archive-settings.ts';
import { readStanding } from './carried.ts';
import { compareDisk } from './compare-disk.ts';
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
  onRead?: (bytes: number) => void;
}

/** Compare a tree on disk with the manifest of the release that it was last committed to. */
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
  const record = await readStaged(archive.to, mirror);
  const staged = record && (await store.root(record.to.root));
  const sum = { entries: 0, read: 0, bytes: 0 };
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
      options.onRead?.(bytes);
    },
  });
  for await (const { path, found, wanted } of compared) {
    if (wanted !== undefined) sum.entries += 1;
    const problem = judge(path, found, wanted);
    if (problem === undefined) continue;
    // Of a release that is staged, what is new is there already.
    const isStaged =
      problem.problem === 'extra' &&
      staged !== undefined &&
      (await findEntry(staged, path, store.read)) !== undefined;
    if (!isStaged) onProblem(problem);
  }
  return { kind: 'verified', serial: carried.serial, ...sum };
}

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
