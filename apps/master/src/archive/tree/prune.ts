import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { bucketName, entriesOf, rootName } from '@pushmirror/manifest';
import { NOTE_SUFFIX, notedIndexes } from './by-hash.ts';
import { bucketsOf, readRelease, type StoredRelease } from './releases.ts';
import type { StagedFolder } from './staged-folder.ts';

export interface PruneOptions {
  /** The releases that stay. */
  keep: readonly StoredRelease[];
  manifest: StagedFolder;
  byHash: StagedFolder;
  cacheDir: string;
}

/** Remove roots, buckets and index files that no release needs which is kept. */
export async function prune(o: PruneOptions): Promise<void> {
  const roots = new Set(o.keep.map(rootName));
  const buckets = new Set<string>();
  const indexes = new Set<string>();
  for (const release of o.keep) {
    for (const sha256 of bucketsOf(o.manifest, release)) buckets.add(bucketName({ sha256 }));
    for (const digest of await indexesOf(o, release)) indexes.add(digest);
  }
  await o.byHash.prune((name) => indexes.has(name));
  await o.manifest.prune((name) => roots.has(name) || buckets.has(name));

  const notes = new Set(o.keep.map(({ sha256 }) => sha256 + NOTE_SUFFIX));
  for (const name of readdirSync(o.cacheDir)) {
    if (name.endsWith(NOTE_SUFFIX) && !notes.has(name)) rmSync(join(o.cacheDir, name));
  }
}

/** From our notes; without them, from the release itself. */
async function indexesOf(o: PruneOptions, release: StoredRelease): Promise<string[]> {
  const noted = await notedIndexes(o.cacheDir, release.sha256);
  const root = noted === undefined ? readRelease(o.manifest, release.sha256) : undefined;
  if (root === undefined) return noted ?? [];
  const found: string[] = [];
  const read = async (ref: { sha256: string }) => o.manifest.read(bucketName(ref));
  for await (const entry of entriesOf(root, read)) {
    if (entry.kind === 'file' && entry.order !== undefined) found.push(entry.sha256);
  }
  return found;
}
