import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { decodeRoot, ManifestError, OWN_FOLDER, rootName, type Root } from '@pushmirror/manifest';
import type { StagedFolder } from './staged-folder.ts';

/** A release whose root is still there. */
export interface StoredRelease {
  sha256: string;
  root: Root;
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
    const bytes = await folder.read(name);
    const root = readOwn(bytes, sha256);
    if (root?.network !== network || root.archive !== archive) continue;
    releases.push({ sha256, root, writtenAt: statSync(join(folder.path, name)).mtime });
  }
  return releases.sort(newestFirst);
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

/** A root that cannot be read, or that somebody put there, is none of ours. */
function readOwn(bytes: Buffer, sha256: string): Root | undefined {
  try {
    return decodeRoot(bytes, { sha256, bytes: bytes.length });
  } catch (error) {
    if (error instanceof ManifestError) return undefined;
    throw error;
  }
}

function newestFirst(a: StoredRelease, b: StoredRelease): number {
  return (
    b.root.epoch - a.root.epoch ||
    b.root.serial - a.root.serial ||
    b.writtenAt.getTime() - a.writtenAt.getTime()
  );
}
