import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  bucketName,
  bytesOf,
  decodeBucket,
  decodeRoot,
  MANIFEST_FOLDER,
  ManifestError,
  rootName,
  type FileEntry,
  type Root,
} from '@pushmirror/manifest';
import type { Sample, Samples } from '@pushmirror/probe';

/** A release whose manifest may still lie in the archive's tree. */
export interface SampledRelease {
  /** The archive's folder. */
  path: string;
  manifest: { sha256: string; bytes: number };
}

/** Larger files are not fetched, however many there are. */
const LARGEST_INDEX = 512 * 1024;
const LARGEST_CONTENT = 128 * 1024;
/** Of a large archive, so many buckets are read: those that may have indexes, then any. */
const MOST_BUCKETS = 300;
const INDEXES = 3;
const CONTENTS = 200;
const INDEX_FOLDERS = /^(dists|repodata|indices|os|x86_64|main)(\/|$)|\/repodata(\/|$)/;

/**
 * Some files of a release by which a mirror that shows it can be tried: the smallest index files that
 * switch last, and some of the content. Undefined when its manifest is no longer there.
 *
 * @param random from 0 up to 1, for which buckets the content is taken from
 */
export async function readSamples(
  release: SampledRelease,
  random: () => number,
): Promise<Samples | undefined> {
  const folder = join(release.path, MANIFEST_FOLDER);
  try {
    const bytes = await readFile(join(folder, rootName(release.manifest)));
    const root = decodeRoot(bytes, release.manifest);
    const files: FileEntry[] = [];
    for (const index of chooseBuckets(root, random))
      files.push(...(await filesIn(root, index, folder)));
    return chooseSamples(files, random);
  } catch (error) {
    if (error instanceof ManifestError || (error as NodeJS.ErrnoException).code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}

/** Of these files: a few indexes, those that switch last first, and some content in any order. */
function chooseSamples(files: readonly FileEntry[], random: () => number): Samples {
  const indexes = files
    .filter(({ order, size }) => order !== undefined && size <= LARGEST_INDEX && size > 0)
    .toSorted((a, b) => (b.order ?? 0) - (a.order ?? 0) || a.size - b.size);
  const contents = files
    .filter(({ order, size }) => order === undefined && size <= LARGEST_CONTENT && size > 0)
    .map((file) => ({ file, at: random() }))
    .toSorted((a, b) => a.at - b.at);
  return {
    indexes: indexes.slice(0, INDEXES).map(sampleOf),
    contents: contents.slice(0, CONTENTS).map(({ file }) => sampleOf(file)),
  };
}

function chooseBuckets({ buckets }: Root, random: () => number): number[] {
  const all = buckets.map((_, index) => index);
  if (all.length <= MOST_BUCKETS) return all;
  const likely = all.filter((index) => INDEX_FOLDERS.test(buckets[index]?.first ?? ''));
  const chosen = new Set(spread(likely, MOST_BUCKETS / 2, random));
  for (const index of spread(all, MOST_BUCKETS / 2, random)) chosen.add(index);
  return [...chosen];
}

/** So many of them at even distances, from a place that chance chooses. */
function spread(from: readonly number[], count: number, random: () => number): number[] {
  if (from.length <= count) return [...from];
  const step = from.length / count;
  const start = random() * step;
  return Array.from({ length: count }, (_, i) => from[Math.floor(start + i * step)] ?? 0);
}

async function filesIn(root: Root, index: number, folder: string): Promise<FileEntry[]> {
  const bucket = root.buckets[index];
  if (bucket === undefined) return [];
  const bytes = await readFile(join(folder, bucketName(bucket)));
  const entries = decodeBucket(bytes, bucket, root.buckets[index + 1]);
  return entries.filter((entry): entry is FileEntry => entry.kind === 'file');
}

function sampleOf({ path, sha256, size }: FileEntry): Sample {
  return { path: inUrl(bytesOf(path)), sha256, bytes: size };
}

/** A path as it stands in a URL: every byte that might mean something there is written as %XX. */
function inUrl(path: Buffer): string {
  return path
    .toString('latin1')
    .replace(
      /[^A-Za-z0-9._~/-]/g,
      (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    );
}
