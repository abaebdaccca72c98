import { join } from 'node:path';
import { bytesOf, type TreePath } from '@pushmirror/manifest';
import type { ArchiveRow } from '../db/schema.ts';
import { describeTree, type DescribeProgress } from './describe.ts';
import { measureTree } from './measure.ts';

/** A list of changes has at most so many paths; beyond, a look through the tree is as quick. */
export const MOST_CHANGED = 100_000;

/** What a release consists of. */
export interface Contents {
  /** The digest and size of the manifest's root; absent for a classic archive. */
  manifest?: { sha256: string; bytes: number };
  files: number;
  bytes: number;
  /** Files that are new or different since the last release. 0 where nobody compares. */
  changed: number;
  /** Files that the last release had and this one has not. */
  dropped: number;
}

/** What a publish has done so far. */
export interface ContentsProgress {
  phase: 'starting' | 'counting' | 'scanning' | 'hashing' | 'writing';
  files: number;
  bytes: number;
  /** Of `hashing`: how many there are to hash. */
  filesInAll?: number;
  bytesInAll?: number;
}

export interface ContentsRequest {
  archive: ArchiveRow;
  network: string;
  serial: number;
  stateDir: string;
  /** Let a release drop this many files, more than the archive's limit. */
  allowDelete?: number | undefined;
  /** Trust nothing that is remembered: hash every file again. */
  full?: boolean | undefined;
  /** The only paths that may have changed; a classic archive is counted all the same. */
  changed?: readonly TreePath[] | undefined;
  onProgress: (progress: ContentsProgress) => void;
  signal: AbortSignal;
}

/** Look at an archive's tree: write its manifest, or only count it when it is a classic one. */
export async function readContents(o: ContentsRequest): Promise<Contents> {
  const { archive, onProgress, signal } = o;
  if (archive.mode === 'classic') {
    const { files, bytes } = await measureTree(archive.path, signal, (progress) =>
      onProgress({ phase: 'counting', ...progress }),
    );
    return { files, bytes, changed: 0, dropped: 0 };
  }
  return describeTree({
    root: archive.path,
    cacheDir: join(o.stateDir, 'manifest', archive.name),
    profile: archive.profile,
    network: o.network,
    archive: archive.name,
    epoch: archive.epoch,
    serial: o.serial,
    deleteLimit: archive.delete_limit,
    ...(o.allowDelete === undefined ? {} : { allowDelete: o.allowDelete }),
    ...(o.full === undefined ? {} : { full: o.full }),
    ...(o.changed === undefined ? {} : { changed: bytesOfAll(o.changed) }),
    onProgress: (progress) => onProgress(progressOf(progress)),
    signal,
  });
}

async function* bytesOfAll(paths: readonly TreePath[]): AsyncGenerator<Buffer> {
  for (const path of paths) yield bytesOf(path);
}

function progressOf(progress: DescribeProgress): ContentsProgress {
  const { phase, filesScanned, filesToHash, bytesToHash, filesHashed, bytesHashed } = progress;
  if (phase !== 'hashing') return { phase, files: filesScanned, bytes: 0 };
  const inAll = { filesInAll: filesToHash, bytesInAll: bytesToHash };
  return { phase, files: filesHashed, bytes: bytesHashed, ...inAll };
}
