import assert from 'node:assert/strict';
import fc from 'fast-check';
import { encodeBucket, type BucketRef } from './bucket.ts';
import type { ReadBucket } from './cursor.ts';
import { Cutter, hashFolder, mayCutAfter } from './cut.ts';
import { comparePaths, type Entry } from './entry.ts';
import { encodeRoot, type Root } from './root.ts';
import { whyUnsafeLink, whyUnsafePath } from './safe-path.ts';
import { folderOf, join, nameOf, treePath } from './tree-path.ts';

// What the other tests of this package use: trees of any shape, and manifests of them.

/** Names of any bytes, most of them alike so that trees collide. */
export const names: fc.Arbitrary<string> = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'b', 'c', 'a-b', 'Release', 'Packages') },
  {
    weight: 1,
    arbitrary: fc
      .uint8Array({ minLength: 1, maxLength: 12 })
      .map((bytes) => treePath(bytes).replace(/[\0/]/g, ' \n')),
  },
);

export const paths: fc.Arbitrary<string> = fc
  .array(names, { minLength: 1, maxLength: 4 })
  .map((parts) => parts.join('/'))
  .filter((path) => whyUnsafePath(path) === undefined);

const orders = fc.option(fc.nat(15), { nil: undefined });
const digests = fc.nat(5).map((n) => `${n}`.repeat(64));

const shapes: fc.Arbitrary<(path: string) => Entry> = fc.oneof(
  fc
    .record({ size: fc.nat(3), mtime: fc.integer({ min: -5, max: 5 }), sha256: digests })
    .chain((file) => orders.map((order) => ({ ...file, order })))
    .map((file) => (path: string): Entry => ({ kind: 'file', path, mode: 0o644, ...file })),
  fc.constantFrom(0o755, 0o700).map((mode) => (path: string): Entry => ({
    kind: 'folder',
    path,
    mode,
  })),
  fc
    .record({ target: fc.constantFrom('a', '../a', './b/c', '../../Release'), order: orders })
    .map((link) => (path: string): Entry => {
      if (whyUnsafeLink(path, link.target) === undefined) return { kind: 'link', path, ...link };
      return { kind: 'link', path, target: 'a', order: link.order };
    }),
);

/** A tree: every entry's folder is listed as one, entries are in order. */
export const trees: fc.Arbitrary<Entry[]> = fc
  .array(fc.tuple(paths, shapes), { maxLength: 60 })
  .map((pairs) => {
    const tree = new Map<string, Entry>();
    for (const [path, shape] of pairs) {
      const above = ancestors(path);
      if (above.some((folder) => (tree.get(folder)?.kind ?? 'folder') !== 'folder')) continue;
      if (tree.has(path)) continue;
      for (const folder of above) {
        if (!tree.has(folder)) tree.set(folder, { kind: 'folder', path: folder, mode: 0o755 });
      }
      tree.set(path, shape(path));
    }
    return sorted(tree.values());
  });

export function sorted(entries: Iterable<Entry>): Entry[] {
  return [...entries].toSorted((a, b) => comparePaths(a.path, b.path));
}

/** Asserts that two trees have the same in them. */
export function sameTree(mine: readonly Entry[], theirs: readonly Entry[]): void {
  assert.deepEqual(mine.map(plain), theirs.map(plain));
}

function plain(entry: Entry): Entry {
  return entry.kind === 'folder' ? entry : { ...entry, order: undefined };
}

/** A manifest in memory. `every`: cut after that many entries, instead of where we usually do. */
export interface Stored {
  root: Root;
  read: ReadBucket;
  rootBytes: Buffer;
  buckets: Map<string, Buffer>;
}

export function store(entries: readonly Entry[], every?: number): Stored {
  const buckets = new Map<string, Buffer>();
  const refs: BucketRef[] = [];
  const cutter = new Cutter();
  let open: Entry[] = [];
  const close = () => {
    if (open.length === 0) return;
    const { ref, bytes } = encodeBucket(open);
    buckets.set(ref.sha256, bytes);
    refs.push(ref);
    open = [];
  };
  for (const entry of entries) {
    open.push(entry);
    const hash = hashFolder(folderOf(entry.path));
    const ends = cutter.after(mayCutAfter(hash, nameOf(entry.path)), entry.path.length);
    if (every === undefined ? ends : open.length >= every) close();
  }
  close();
  const files = entries.filter((entry) => entry.kind === 'file');
  const root: Root = {
    network: 'example',
    archive: 'debian',
    epoch: 1,
    serial: 2026112101,
    profile: 'debian',
    entries: entries.length,
    files: files.length,
    bytes: files.reduce((total, file) => total + file.size, 0),
    buckets: refs,
  };
  const read = async (ref: BucketRef) => {
    const bytes = buckets.get(ref.sha256);
    if (bytes === undefined) throw new Error(`bucket ${ref.sha256} was never written`);
    return bytes;
  };
  return { root, read, rootBytes: encodeRoot(root).bytes, buckets };
}

/** Reads the buckets of both. */
export function readEither(a: Stored, b: Stored): ReadBucket {
  return (ref) => (a.buckets.has(ref.sha256) ? a.read(ref) : b.read(ref));
}

export function ancestors(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, i) => parts.slice(0, i + 1).reduce(join, ''));
}
