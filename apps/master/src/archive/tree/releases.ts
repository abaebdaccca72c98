import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  decodeRoot,
  decodeRootHeader,
  ManifestError,
  OWN_FOLDER,
  rootName,
  type Root,
} from '@pushmirror/manifest';
import type { StagedFolder } from './staged-folder.ts';

/** A release whose root is still there. */
export interface StoredRelease {
  sha256: string;
  epoch: number;
  serial: number;
  writtenAt: Date;
}

/** At least this many releases are kept, so that mirrors which are in the middle of one finish. */
const LEAST_KEPT = 4;
/** Releases of the last day are kept too, but no more than so many. */
const KEPT_MS = 24 * 3600_000;
const MOST_KEPT = 16;

/** The releases of an archive whose roots are in its manifest folder, the newest first. */
export async function storedReleases(
  folder: StagedFolder,
  network: string,
  archive: string,
): Promise<StoredRelease[]> {
  const releases: StoredRelease[] = [];
  for (const name of folder.names()) {
    const sha256 = ROOT.exec(name)?.[1];
    if (sha256 === undefined) continue;
    const header = tolerant(await folder.readTop(name, TOP_BYTES), decodeRootHeader);
    if (header?.network !== network || header.archive !== archive) continue;
    const { epoch, serial } = header;
    releases.push({ sha256, epoch, serial, writtenAt: statSync(join(folder.path, name)).mtime });
  }
  return releases.sort(newestFirst);
}

/** The newest of these releases whose root can be read, and that root. */
export function newestReadable(
  folder: StagedFolder,
  releases: readonly StoredRelease[],
): { sha256: string; root: Root } | undefined {
  for (const { sha256 } of releases) {
    const root = readRelease(folder, sha256);
    if (root !== undefined) return { sha256, root };
  }
  return undefined;
}

/** The root of this digest; undefined when it is not what its name says. */
export function readRelease(folder: StagedFolder, sha256: string): Root | undefined {
  const bytes = folder.read(rootName({ sha256 }));
  return tolerant(bytes, (root) => decodeRoot(root, { sha256, bytes: bytes.length }));
}

/** The digests of a root's buckets, without a closer look: quick, for roots of our own. */
export function bucketsOf(folder: StagedFolder, release: StoredRelease): string[] {
  const text = folder.read(rootName(release)).toString('latin1');
  return text.match(/^[0-9a-f]{64}(?= )/gm) ?? [];
}

/** Which releases stay: the newest, those of the last day, and what a head may still name. */
export function releasesToKeep(
  releases: readonly StoredRelease[],
  named: ReadonlySet<string>,
  now: Date,
): StoredRelease[] {
  return releases.filter(({ sha256, writtenAt }, i) => {
    const recent = now.getTime() - writtenAt.getTime() < KEPT_MS && i < MOST_KEPT;
    return i < LEAST_KEPT || recent || named.has(sha256);
  });
}

/** The root that the head in the tree names: while a release is in its waves that is an older one. */
export function publicRoot(archiveRoot: string): string | undefined {
  try {
    const head = readFileSync(join(archiveRoot, OWN_FOLDER, 'Release.head'), 'latin1');
    return /^Manifest: sha256:([0-9a-f]{64}) /m.exec(head)?.[1];
  } catch {
    return undefined;
  }
}

const ROOT = new RegExp(`^([0-9a-f]{64})${rootName({ sha256: '' }).replace('.', '\\.')}$`);

const TOP_BYTES = 4_096;

/** A root that cannot be read, or that somebody put there, is none of ours. */
function tolerant<T>(bytes: Buffer, decode: (bytes: Buffer) => T): T | undefined {
  try {
    return decode(bytes);
  } catch (error) {
    if (error instanceof ManifestError) return undefined;
    throw error;
  }
}

function newestFirst(a: StoredRelease, b: StoredRelease): number {
  return b.epoch - a.epoch || b.serial - a.serial || b.writtenAt.getTime() - a.writtenAt.getTime();
}
