import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { changes, newBuckets } from './changes.ts';
import { entriesOf } from './cursor.ts';
import type { Entry, FileEntry } from './entry.ts';
import { ManifestError } from './errors.ts';
import { findEntry, hasEntriesIn } from './lookup.ts';
import {
  MOST_NEWEST,
  MOST_NEWEST_BYTES,
  NEWEST_PACK_BYTES,
  newestOf,
  packNewest,
  unpackNewest,
} from './newest.ts';
import { paths, readEither, sameTree, sorted, store, trees } from './samples.test.ts';
import { folderOf } from './tree-path.ts';

const cuts = fc.option(fc.integer({ min: 1, max: 6 }), { nil: undefined });

void test('applying the changes to one release gives the other, however each is cut', async () => {
  await fc.assert(
    fc.asyncProperty(trees, trees, cuts, cuts, async (from, to, cutA, cutB) => {
      const a = store(from, cutA);
      const b = store(to, cutB);
      const tree = new Map(from.map((entry) => [entry.path, entry]));
      for await (const change of changes(a.root, b.root, readEither(a, b))) {
        assert.deepEqual(change.before, tree.get(change.path));
        if (change.after === undefined) tree.delete(change.path);
        else tree.set(change.path, change.after);
      }
      sameTree(sorted(tree.values()), to);
    }),
  );
});

void test('buckets that both releases have are not read', async () => {
  const names = Array.from({ length: 5_000 }, (_, i) => `file-${i}`).toSorted();
  const before = names.map((path) => folder(path));
  const after = before.map((entry) =>
    entry.path === 'file-77' ? { ...entry, mode: 0o700 } : entry,
  );
  const a = store(before);
  const b = store(after);
  const read: string[] = [];
  const either = readEither(a, b);
  const found = [];
  for await (const change of changes(
    a.root,
    b.root,
    (ref) => (read.push(ref.sha256), either(ref)),
  )) {
    found.push(change.path);
  }
  assert.deepEqual(found, ['file-77']);
  assert.equal(read.length, 2);
  assert.equal(newBuckets(a.root, b.root).length, 1);
  assert.equal(newBuckets(undefined, b.root).length, b.root.buckets.length);
});

void test('what is out of place among entries that are the same is refused as anywhere else', async () => {
  const names = Array.from({ length: 12 }, (_, i) => `n${String.fromCharCode(97 + i)}`);
  const known = names.map((path) => folder(path));
  const a = store(known);
  const moved = fc.record({ from: fc.nat(11), to: fc.nat(11), stays: fc.boolean() });
  let refused = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(moved, { maxLength: 3 }), cuts, async (moves, cut) => {
      const list = [...known];
      for (const { from, to, stays } of moves) {
        const entry = folder(names[from] ?? 'na');
        if (!stays)
          list.splice(
            list.findIndex(({ path }) => path === entry.path),
            1,
          );
        list.splice(to, 0, entry);
      }
      const b = store(list, cut);
      const read = readEither(a, b);
      const whole = await verdictOf(entriesOf(b.root, read));
      assert.equal(await verdictOf(changes(a.root, b.root, read)), whole);
      if (whole === 'refused') refused += 1;
    }),
  );
  assert.ok(refused > 20, `${refused} were refused`);
});

async function verdictOf(walk: AsyncIterable<unknown>): Promise<string> {
  try {
    for await (const _ of walk);
    return 'good';
  } catch (error) {
    assert.ok(error instanceof ManifestError, String(error));
    return 'refused';
  }
}

void test('a path that comes or goes changes one bucket, or two when it is at a cut', () => {
  const names = Array.from({ length: 3_000 }, (_, i) => `file-${i}`);
  const a = store(sorted(names.map((path) => folder(path))));
  assert.ok(a.root.buckets.length > 25 && a.root.buckets.length < 60, `${a.root.buckets.length}`);
  fc.assert(
    fc.property(fc.nat(2_999), fc.boolean(), (n, comes) => {
      const other = comes ? [...names, `file-${n}-new`] : names.filter((_, i) => i !== n);
      const b = store(sorted(other.map((path) => folder(path))));
      assert.ok(newBuckets(a.root, b.root).length <= 2);
    }),
    { numRuns: 50 },
  );
});

void test('a path and what is in a folder are found without reading the rest', async () => {
  await fc.assert(
    fc.asyncProperty(trees, cuts, paths, async (tree, cut, path) => {
      const { root, read } = store(tree, cut);
      const walked = [];
      for await (const entry of entriesOf(root, read)) walked.push(entry);
      assert.deepEqual(walked, tree);
      const wanted = tree.find((entry) => entry.path === path);
      assert.deepEqual(await findEntry(root, path, read), wanted);
      const inside = tree.some(
        (entry) => entry.path.includes('/') && folderOf(entry.path) === path,
      );
      assert.equal(await hasEntriesIn(root, path, read), inside);
    }),
  );
});

void test('what a release brings travels with its root only as far as it is little', () => {
  const file = (path: string, size: number): FileEntry => {
    return { kind: 'file', path, mode: 0o644, size, mtime: 0, sha256: '', order: undefined };
  };
  const some = [file('a', MOST_NEWEST_BYTES + 1), file('b', MOST_NEWEST_BYTES), file('c', 1)];
  assert.deepEqual(
    newestOf([], some).map(({ size }) => size),
    [MOST_NEWEST_BYTES, 1],
  );
  const large = Array.from({ length: 9 }, (_, i) => file(`large${i}`, MOST_NEWEST_BYTES));
  assert.equal(newestOf([], large).length, 4, '1 MiB in all');
  const index = (path: string, size: number) => ({ ...file(path, size), order: 0 });
  const MiB = 1024 * 1024;
  const indexes = [index('p', 2 * MiB), index('p.xz', 2 * MiB), index('q', 3 * MiB), index('r', 9)];
  assert.deepEqual(
    newestOf([], [...indexes, ...large]).map(({ size }) => size),
    [2 * MiB, 9, ...Array.from({ length: 4 }, () => MOST_NEWEST_BYTES)],
    'indexes that move as deltas have room of their own',
  );
  const many = Array.from({ length: MOST_NEWEST + 1 }, (_, i) => file(`many${i}`, 1));
  assert.equal(newestOf([], many).length, MOST_NEWEST);
});

void test('what is packed is unpacked; what is not what its line says is left out, whatever it is', () => {
  const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
  const parts = fc.array(fc.uint8Array({ maxLength: 50 }));
  fc.assert(
    fc.property(parts, fc.uint8Array(), (contents, noise) => {
      const newest = contents.map((bytes, i) => {
        const file = { path: `f${i}`, mode: 0o644, size: bytes.length, mtime: 0, order: undefined };
        const sha256 = digest(bytes);
        return { sha256, size: bytes.length, file: { kind: 'file' as const, ...file, sha256 } };
      });
      const pack = packNewest(newest, ({ sha256 }) => {
        const found = contents.find((bytes) => digest(bytes) === sha256);
        return found && Buffer.from(found);
      });
      const found = unpackNewest(Buffer.concat([pack, noise]));
      assert.deepEqual(found.size, new Set(newest.map(({ sha256 }) => sha256)).size);
      for (const [sha256, bytes] of found) assert.equal(digest(bytes), sha256);
      const at = noise[0] ?? 0;
      const damaged = Buffer.concat([pack.subarray(0, at), noise, pack.subarray(at)]);
      for (const [sha256, bytes] of unpackNewest(damaged)) assert.equal(digest(bytes), sha256);
    }),
  );
  const full = Array.from({ length: MOST_NEWEST }, () => ({
    sha256: 'f'.repeat(64),
    size: 10_485,
  }));
  const bucket = { sha256: '', bytes: 0, unpacked: 0, entries: 0, first: '' };
  const all = full.map((one) => ({ ...one, bucket }));
  const pack = packNewest(all, ({ size }) => Buffer.alloc(size));
  assert.equal(pack.length <= NEWEST_PACK_BYTES, true, String(pack.length));
});

function folder(path: string): Entry {
  return { kind: 'folder', path, mode: 0o755 };
}
