import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { decodeBucket, encodeBucket, type BucketRef } from './bucket.ts';
import type { Entry } from './entry.ts';
import { ManifestError, type ManifestErrorCode } from './errors.ts';
import { LIMITS } from './limits.ts';
import { decodeRoot, decodeRootHeader, encodeRoot } from './root.ts';
import { store, trees } from './samples.test.ts';

void test('a bucket decodes to what was encoded, and the same entries give the same bytes', () => {
  fc.assert(
    fc.property(trees, (tree) => {
      fc.pre(tree.length > 0);
      const { ref, bytes } = encodeBucket(tree);
      assert.deepEqual(decodeBucket(bytes, ref), tree);
      assert.deepEqual(encodeBucket(tree).bytes, bytes);
    }),
  );
});

void test('a root decodes to what was encoded', () => {
  fc.assert(
    fc.property(trees, fc.integer({ min: 1, max: 5 }), (tree, every) => {
      const { root } = store(tree, every);
      const { ref, bytes } = encodeRoot(root);
      assert.deepEqual(decodeRoot(bytes, ref), root);
      const { buckets, ...header } = root;
      assert.deepEqual(decodeRootHeader(bytes), { ...header, bucketCount: buckets.length });
    }),
  );
});

void test('a root is read the same with another one beside it, also one that is out of order', () => {
  const shuffled = fc.tuple(trees, fc.integer({ min: 1, max: 3 }), fc.boolean());
  fc.assert(
    fc.property(shuffled, trees, ([tree, every, turned], other) => {
      const { root } = store(tree, every);
      const known = store(other, every).root;
      const buckets = turned ? root.buckets.toReversed() : root.buckets;
      const { bytes } = encodeRoot({ ...root, buckets });
      const beside = [
        { root: known, bytes: encodeRoot(known).bytes },
        { root, bytes: encodeRoot(root).bytes },
      ];
      const read = readOrRefuse(() => decodeRoot(bytes));
      for (const one of beside) {
        assert.deepEqual(
          readOrRefuse(() => decodeRoot(bytes, undefined, one)),
          read,
        );
      }
    }),
  );
});

void test('names with spaces, newlines, percent signs and any bytes come back as they were', () => {
  const names = ['a b', "it's", '"q"', '100%41', 'new\nline', '\xff\xfe', '\x80', 'é', ' ', '-'];
  const tree = names.toSorted().map((path): Entry => ({ kind: 'folder', path, mode: 0o755 }));
  const { root, rootBytes, buckets } = store(tree, 1);
  const again = decodeRoot(rootBytes);
  assert.deepEqual(again, root);
  assert.deepEqual(
    again.buckets.flatMap((ref) => decodeBucket(buckets.get(ref.sha256) ?? Buffer.of(), ref)),
    tree,
  );
});

void test('no bytes crash the readers, and what they accept is what they would write', () => {
  fc.assert(
    fc.property(hostileTexts(), (text) => {
      const entries = readOrRefuse(() => decodeBucket(...packed(text)));
      if (entries === undefined) return;
      const { bytes } = encodeBucket(entries);
      assert.deepEqual(gunzipSync(bytes), Buffer.from(text));
    }),
    { numRuns: 3_000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
      readOrRefuse(() => decodeRoot(bytes));
      readOrRefuse(() => decodeBucket(bytes, refOf(bytes, { unpacked: 100, entries: 1 })));
    }),
    { numRuns: 2_000 },
  );
});

void test('a root with any change in it is refused, or is another root', () => {
  const { rootBytes, root } = store(tenFolders(), 2);
  fc.assert(
    fc.property(fc.nat(rootBytes.length - 1), fc.nat(255), (at, value) => {
      const changed = Buffer.from(rootBytes);
      changed[at] = value;
      if (changed.equals(rootBytes)) return;
      const read = readOrRefuse(() => decodeRoot(changed));
      if (read !== undefined) assert.notDeepEqual(read, root);
      refuses('wrong-digest', () => decodeRoot(changed, encodeRoot(root).ref));
    }),
    { numRuns: 2_000 },
  );
});

void test('a bucket that is truncated, changed or another one is refused by its digest', () => {
  const { ref, bytes } = encodeBucket(tenFolders());
  refuses('wrong-digest', () => decodeBucket(bytes.subarray(0, -1), ref));
  refuses('wrong-digest', () => decodeBucket(Buffer.concat([bytes, Buffer.of(0)]), ref));
  refuses('wrong-digest', () => decodeBucket(encodeBucket(tenFolders().slice(1)).bytes, ref));
});

void test('a bucket that unpacks to more than it says, or to very much, is refused unread', () => {
  const bomb = gzipSync(Buffer.alloc(200 * 1024 * 1024));
  refuses('malformed-bucket', () =>
    decodeBucket(bomb, refOf(bomb, { unpacked: 1000, entries: 1 })),
  );
  const told = { unpacked: 200 * 1024 * 1024, entries: 1 };
  refuses('over-limit', () => decodeBucket(bomb, refOf(bomb, told)));
  const steep = gzipSync(Buffer.alloc(4_000_000));
  refuses('over-limit', () =>
    decodeBucket(steep, refOf(steep, { unpacked: 4_000_000, entries: 1 })),
  );
});

void test('paths and links that lead out of the tree, or into our own files, are refused', () => {
  const folder = (path: string) => `d 755 ${path}\0`;
  for (const [text, code] of [
    [`/\0${folder('..')}`, 'unsafe-path'],
    [`/\0${folder('.')}`, 'unsafe-path'],
    [`/\0${folder('')}`, 'unsafe-path'],
    [`/\0${folder('a/b')}`, 'unsafe-path'],
    [`//etc\0${folder('a')}`, 'unsafe-path'],
    [`/a/../b\0${folder('a')}`, 'unsafe-path'],
    [`/a/\0${folder('a')}`, 'unsafe-path'],
    [`/\0${folder('n'.repeat(256))}`, 'unsafe-path'],
    [`/${'a/'.repeat(1_600)}a\0${folder('a')}`, 'unsafe-path'],
    [`/project\0${folder('pushmirror')}`, 'unsafe-path'],
    [`/project/pushmirror\0${folder('manifest')}`, 'unsafe-path'],
    [`/\0${folder('Archive-Update-in-Progress-a')}`, 'unsafe-path'],
    ['/\0l - a\0/etc\0', 'unsafe-link'],
    ['/\0l - a\0../b\0', 'unsafe-link'],
    ['/a\0l - a\0../b/../../c\0', 'unsafe-link'],
    ['/\0l - a\0\0', 'unsafe-link'],
    [`/\0${folder('b')}${folder('a')}`, 'malformed-bucket'],
    [`/\0${folder('a')}${folder('a')}`, 'malformed-bucket'],
    [folder('a'), 'malformed-bucket'],
    [`/\0d 0755 a\0`, 'malformed-bucket'],
    [`/\0f 644 -1 0 ${'0'.repeat(64)} - a\0`, 'malformed-bucket'],
    [`/\0f 644 1e3 0 ${'0'.repeat(64)} - a\0`, 'malformed-bucket'],
    [`/\0f 644 1 0 ${'0'.repeat(64)} 16 a\0`, 'malformed-bucket'],
    [`/\0f 644 1 0 ${'A'.repeat(64)} - a\0`, 'malformed-bucket'],
    ['', 'malformed-bucket'],
  ] as const) {
    refuses(code, () => decodeBucket(...packed(Buffer.from(text, 'latin1'))));
  }
});

void test('a bucket with entries that belong elsewhere is refused', () => {
  const { root, buckets } = store(tenFolders(), 5);
  const [one, two] = root.buckets;
  assert.ok(one !== undefined && two !== undefined);
  const bytes = buckets.get(one.sha256) ?? Buffer.of();
  refuses('malformed-bucket', () => decodeBucket(bytes, { ...one, first: 'b' }));
  refuses('malformed-bucket', () => decodeBucket(bytes, one, { ...two, first: one.first }));
  refuses('malformed-bucket', () => decodeBucket(bytes, { ...one, entries: one.entries + 1 }));
});

void test('a root that promises too much is refused', () => {
  const { root } = store(tenFolders(), 2);
  const [bucket] = root.buckets;
  assert.ok(bucket !== undefined);
  const huge = { ...root, entries: 10_000_000 };
  refuses('over-limit', () => decodeRoot(encodeRoot(huge).bytes));
  const wide = { ...root, buckets: [{ ...bucket, entries: LIMITS.bucketEntries + 1 }] };
  refuses('over-limit', () => decodeRoot(encodeRoot(wide).bytes));
  refuses('over-limit', () => decodeRoot(Buffer.alloc(LIMITS.rootBytes + 1)));
  const wrongSum = { ...root, entries: root.entries - 1 };
  refuses('malformed-root', () => decodeRoot(encodeRoot(wrongSum).bytes));
  const reversed = { ...root, buckets: root.buckets.toReversed() };
  refuses('malformed-root', () => decodeRoot(encodeRoot(reversed).bytes));
  const outside = { ...root, buckets: [{ ...bucket, first: '../a' }, ...root.buckets.slice(1)] };
  refuses('unsafe-path', () => decodeRoot(encodeRoot(outside).bytes));
});

/** Texts that look like a bucket's until they do not. */
function hostileTexts(): fc.Arbitrary<Uint8Array> {
  const parts = fc.constantFrom('/', '\0', ' ', 'f ', 'd ', 'l ', '755', '0', '-', 'a', '..', '\n');
  const digest = fc.constant(`f 644 0 0 ${'0'.repeat(64)} - `);
  const grammar = fc
    .array(fc.oneof(parts, digest, fc.constantFrom('/\0', 'd 755 a\0', 'l - b\0a\0', '/a\0')))
    .map((words) => Buffer.from(words.join(''), 'latin1'));
  return fc.oneof(grammar, fc.uint8Array({ maxLength: 100 }));
}

/** A bucket of this text and a root's line for it that is right as far as it can be. */
function packed(text: Uint8Array): [Buffer, BucketRef] {
  const bytes = gzipSync(text);
  const first = /^\/([^\0]*)\0(?:f \d+ \d+ -?\d+ \w+ \S+|d \d+|l \S+) ([^\0]+)\0/.exec(
    Buffer.from(text).toString('latin1'),
  );
  const path = [first?.[1], first?.[2]].filter((part) => part !== '' && part !== undefined);
  const records = Buffer.from(text).toString('latin1').split('\0').slice(0, -1);
  const links = records.filter((record) => record.startsWith('l ')).length;
  const folders = records.filter((record) => record.startsWith('/')).length;
  const entries = records.length - folders - links;
  return [bytes, refOf(bytes, { unpacked: text.length, entries, first: path.join('/') })];
}

function refOf(bytes: Uint8Array, told: Partial<BucketRef>): BucketRef {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return { sha256, bytes: bytes.length, unpacked: 0, entries: 0, first: '', ...told };
}

function tenFolders(): Entry[] {
  return 'abcdefghij'.split('').map((path) => ({ kind: 'folder', path, mode: 0o755 }));
}

function readOrRefuse<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    assert.ok(error instanceof ManifestError, String(error));
    return undefined;
  }
}

function refuses(code: ManifestErrorCode, act: () => unknown): void {
  assert.throws(act, (error) => {
    assert.ok(error instanceof ManifestError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}
