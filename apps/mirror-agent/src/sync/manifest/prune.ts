import { unlinkSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import {
  bucketName,
  BY_HASH_FOLDER,
  decodeRoot,
  MANIFEST_FOLDER,
  rootName,
  type Root,
} from '@pushmirror/manifest';
import { namesIn } from '../tree-files.ts';
import { indexesOf, NOTES_FOLDER, readNotes } from './index-notes.ts';

/** Releases whose manifests stay, for downstreams that are in the middle of one. */
const KEPT = 4;
/** There may be so many before it is worth to look: looking reads their roots. */
const MOST = 8;

/**
 * Remove roots, buckets and index files by digest of old releases from the tree, those of the last
 * few excepted, and those of the release that the tree is at: `current`, its root's digest.
 */
export async function pruneReleases(to: string, current: string): Promise<void> {
  const folder = join(to, MANIFEST_FOLDER);
  const names = namesIn(folder);
  const roots = names.filter((name) => name.endsWith(rootName({ sha256: '' })));
  if (roots.length <= MOST) return;
  const aged = await Promise.all(
    roots.map(async (name) => ({ name, age: await ageOf(folder, name) })),
  );
  const newest = aged.toSorted((a, b) => compareAges(b.age, a.age));
  const kept = newest.filter(({ name }, i) => i < KEPT || digestIn(name) === current);
  const indexes = await indexesIn(
    to,
    kept.map(({ name }) => name),
  );
  const stay = new Set(kept.map(({ name }) => name));
  for (const { name } of kept) {
    for (const bucket of await bucketsIn(folder, name)) stay.add(bucketName({ sha256: bucket }));
  }
  await keepOnly(folder, names, stay);
  const notes = new Set(kept.map(({ name }) => digestIn(name)));
  await keepOnly(join(to, NOTES_FOLDER), namesIn(join(to, NOTES_FOLDER)), notes);
  if (indexes === undefined) return; // Then nothing is removed that might be needed.
  await keepOnly(join(to, BY_HASH_FOLDER), namesIn(join(to, BY_HASH_FOLDER)), indexes);
}

const AT_A_STRETCH = 200;

async function keepOnly(folder: string, names: string[], stay: ReadonlySet<string>): Promise<void> {
  const gone = names.filter((name) => !stay.has(name));
  for (const [i, name] of gone.entries()) {
    if (i % AT_A_STRETCH === AT_A_STRETCH - 1) await breathe();
    try {
      unlinkSync(`${folder}/${name}`);
    } catch {
      // It has gone already, or it is none of ours.
    }
  }
}

function digestIn(name: string): string {
  return name.slice(0, -rootName({ sha256: '' }).length);
}

/** The digests of a root's buckets, in whatever else stands on its lines. */
async function bucketsIn(folder: string, name: string): Promise<string[]> {
  const text = await readFile(join(folder, name), 'latin1');
  return text.match(/^[0-9a-f]{64}(?= )/gm) ?? [];
}

/** The digests of all indexes of these releases; undefined when one of them cannot be read. */
async function indexesIn(to: string, roots: readonly string[]): Promise<Set<string> | undefined> {
  const folder = join(to, MANIFEST_FOLDER);
  const digests = new Set<string>();
  for (const name of roots) {
    const noted = (await readNotes(to, digestIn(name))) ?? (await readAll(folder, name));
    if (noted === undefined) return undefined;
    for (const digest of noted) digests.add(digest);
  }
  return digests;
}

async function readAll(folder: string, name: string): Promise<string[] | undefined> {
  try {
    const root = await readRoot(folder, name);
    return await indexesOf(
      root,
      (bucket) => readFile(join(folder, bucketName(bucket))),
      () => true,
    );
  } catch {
    return undefined;
  }
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

async function readRoot(folder: string, name: string): Promise<Root> {
  const bytes = await readFile(join(folder, name));
  return decodeRoot(bytes, { sha256: digestIn(name), bytes: bytes.length });
}
