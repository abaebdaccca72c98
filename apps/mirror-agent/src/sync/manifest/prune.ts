import { open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  BY_HASH_FOLDER,
  bucketName,
  decodeBucket,
  decodeRoot,
  MANIFEST_FOLDER,
  rootName,
  type BucketRef,
  type Root,
} from '@pushmirror/manifest';

/** Releases whose manifests stay, for downstreams that are in the middle of one. */
const KEPT = 4;
/** There may be so many before it is worth to look: looking reads all of their roots. */
const MOST = 8;

/**
 * Remove roots, buckets and index files by digest of old releases from the tree, those of the last
 * few excepted.
 */
export async function pruneReleases(to: string): Promise<void> {
  const folder = join(to, MANIFEST_FOLDER);
  const names = await readdir(folder).catch(() => []);
  const roots = names.filter((name) => name.endsWith('.root'));
  if (roots.length <= MOST) return;
  const aged = await Promise.all(
    roots.map(async (name) => ({ name, age: await ageOf(folder, name) })),
  );
  const kept = aged.toSorted((a, b) => compareAges(b.age, a.age)).slice(0, KEPT);
  const stay = new Set(kept.map(({ name }) => name));
  const buckets = new Map<string, BucketRef>();
  for (const { name } of kept) {
    const root = await readRoot(folder, name);
    for (const bucket of root?.buckets ?? []) buckets.set(bucketName(bucket), bucket);
  }
  await keepOnly(folder, names, new Set([...stay, ...buckets.keys()]));
  const indexes = await indexesIn(folder, buckets);
  if (indexes === undefined) return;
  const byHash = join(to, BY_HASH_FOLDER);
  await keepOnly(byHash, await readdir(byHash).catch(() => []), indexes);
}

async function keepOnly(folder: string, names: string[], stay: ReadonlySet<string>): Promise<void> {
  for (const name of names) {
    if (!stay.has(name)) await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** The digests of all indexes in these buckets; undefined when one of them cannot be read. */
async function indexesIn(
  folder: string,
  buckets: ReadonlyMap<string, BucketRef>,
): Promise<Set<string> | undefined> {
  const digests = new Set<string>();
  for (const [name, bucket] of buckets) {
    try {
      for (const entry of decodeBucket(await readFile(join(folder, name)), bucket)) {
        if (entry.kind === 'file' && entry.order !== undefined) digests.add(entry.sha256);
      }
    } catch {
      return undefined; // Then nothing is removed that might be needed.
    }
  }
  return digests;
}

type Age = readonly [epoch: number, serial: number];

/** From a root's first lines, without reading its list. */
async function ageOf(folder: string, name: string): Promise<Age> {
  const file = await open(join(folder, name), 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(1024), 0, 1024, 0);
    const text = buffer.toString('latin1', 0, bytesRead);
    return [numberIn(text, 'Epoch'), numberIn(text, 'Serial')];
  } finally {
    await file.close();
  }
}

function numberIn(text: string, field: string): number {
  return Number(new RegExp(`^${field}: (\\d{1,16})$`, 'm').exec(text)?.[1] ?? -1);
}

function compareAges(a: Age, b: Age): number {
  return a[0] - b[0] || a[1] - b[1];
}

async function readRoot(folder: string, name: string): Promise<Root | undefined> {
  const bytes = await readFile(join(folder, name));
  const sha256 = name.slice(0, -rootName({ sha256: '' }).length);
  try {
    return decodeRoot(bytes, { sha256, bytes: bytes.length });
  } catch {
    return undefined; // Damaged: nothing can be staged from it.
  }
}
