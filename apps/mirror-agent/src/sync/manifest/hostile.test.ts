import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  bucketName,
  BY_HASH_FOLDER,
  encodeRoot,
  MANIFEST_FOLDER,
  rootName,
  type BucketRef,
  type Entry,
} from '@pushmirror/manifest';
import { gzipSync } from 'node:zlib';
import { createHash } from 'node:crypto';
import { compareTrees } from '../../../../../test/harness/compare-trees.ts';
import { noise } from '../../../../../test/harness/plain-tree.ts';
import { debianLike, startRsyncd, writeFiles } from '../fixtures.test.ts';
import { write } from '../site.test.ts';
import { withManifests, type ManifestSite } from './publish.test.ts';

/** A mirror at release 1, and its upstream's tree already with the files of release 2. */
async function atFirst(site: ManifestSite): Promise<void> {
  await writeFiles(site.up, debianLike(1));
  const first = await site.release(1);
  const result = await site.sync({ goal: () => first });
  assert.equal(result.kind, 'committed', JSON.stringify(result));
  await writeFiles(site.up, debianLike(2));
}

/** Nothing has switched: the tree is that of release 1, and nothing is outside of it. */
async function assertUntouched(site: ManifestSite, reason: RegExp, result: unknown): Promise<void> {
  const { kind, reason: told } = result as { kind: string; reason: string };
  assert.equal(kind, 'failed');
  assert.match(told, reason);
  assert.equal(told.split('\n').length, 1);
  assert.equal(await site.claimed(), 1);
  for (const [path, content] of Object.entries(debianLike(1))) {
    assert.equal(readFileSync(join(site.to, path), 'utf8'), content, path);
  }
  for (const path of Object.keys(debianLike(2))) {
    if (!(path in debianLike(1))) assert.ok(!existsSync(join(site.to, path)), path);
  }
  const allowed = /^(\.to\.pushmirror|to|up|state|signing-key(\.pub)?|rsyncd-.*)$/;
  assert.deepEqual(
    readdirSync(site.folder).filter((name) => !allowed.test(name)),
    [],
  );
}

/** A root that names one bucket of these raw records. */
function forge(site: ManifestSite, records: string, entries: number, first: string) {
  const unpacked = Buffer.from(records, 'latin1');
  const bytes = gzipSync(unpacked);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const bucket: BucketRef = {
    sha256,
    bytes: bytes.length,
    unpacked: unpacked.length,
    entries,
    first,
  };
  return forgeRoot(site, [bucket], entries, () =>
    writeFileSync(join(site.up, MANIFEST_FOLDER, bucketName(bucket)), bytes),
  );
}

function forgeRoot(site: ManifestSite, buckets: BucketRef[], entries: number, before = () => {}) {
  before();
  const named = {
    network: 'example',
    archive: 'debian',
    epoch: 1,
    serial: 2,
    profile: 'debian',
  } as const;
  const { ref, bytes } = encodeRoot({ ...named, entries, files: 0, bytes: 0, buckets });
  writeFileSync(join(site.up, MANIFEST_FOLDER, rootName(ref)), bytes);
  const head = site.head(2, { manifest: ref });
  site.publish(head);
  return head;
}

const ZEROS = '0'.repeat(64);

void describe('a hostile or broken upstream', { concurrency: 4 }, () => {
  const changes: [string, RegExp, (site: ManifestSite) => void][] = [
    [
      'other content than the manifest says, of the same size and time',
      /does not match its head: "pool\/main\/a\/alpha\/alpha_2_all.deb" has other content/,
      ({ up }) => {
        const path = join(up, 'pool/main/a/alpha/alpha_2_all.deb');
        const { mtime, size } = statSync(path);
        writeFileSync(path, 'x'.repeat(size));
        utimesSync(path, mtime, mtime);
      },
    ],
    [
      'an index that is not what its digest says',
      /does not match its head: "dists\/trixie\/InRelease" has other content/,
      ({ up }) => {
        const digest = createHash('sha256').update(
          readFileSync(join(up, 'dists/trixie/InRelease')),
        );
        const path = join(up, BY_HASH_FOLDER, digest.digest('hex'));
        writeFileSync(path, 'X'.repeat(statSync(path).size));
      },
    ],
    [
      'a file that is not there',
      /does not match its head: "pool\/main\/a\/alpha\/alpha_2.dsc" is missing there/,
      ({ up }) => rmSync(join(up, 'pool/main/a/alpha/alpha_2.dsc')),
    ],
    [
      'a file that is far larger than the manifest says',
      /does not match its head: "pool\/main\/a\/alpha\/alpha_2.dsc" is missing there|sends more/,
      ({ up }) => truncateSync(join(up, 'pool/main/a/alpha/alpha_2.dsc'), 10 ** 12),
    ],
    [
      'a link where a file should be',
      /does not match its head: "pool\/main\/a\/alpha\/alpha_2.dsc" is missing there/,
      ({ up }) => {
        rmSync(join(up, 'pool/main/a/alpha/alpha_2.dsc'));
        symlinkSync('/etc/passwd', join(up, 'pool/main/a/alpha/alpha_2.dsc'));
      },
    ],
  ];
  for (const [what, reason, change] of changes) {
    void test(`${what}: refused by name, and nothing switches`, () =>
      withManifests(async (site) => {
        await atFirst(site);
        const second = await site.release(2);
        change(site);
        await assertUntouched(site, reason, await site.sync({ goal: () => second }));
      }));
  }

  void test('buckets that are truncated, or other than the root says', () =>
    withManifests(async (site) => {
      await atFirst(site);
      const known = new Set(readdirSync(join(site.up, MANIFEST_FOLDER)));
      const second = await site.release(2);
      const folder = join(site.up, MANIFEST_FOLDER);
      const fresh = readdirSync(folder).filter((n) => n.endsWith('.bucket') && !known.has(n));
      truncateSync(join(folder, fresh[0] ?? ''), 20);
      const result = await site.sync({ goal: () => second });
      await assertUntouched(site, /does not match its head: ".*bucket" has another size/, result);
    }));

  const file = (path: string) => `f 644 1 0 ${ZEROS} - ${path}\0`;
  const lists: [string, RegExp, string, string][] = [
    ['..', /The release is refused: The path .* has "\.\."/, `/\0${file('..')}`, '..'],
    ['a slash in a name', /refused/, `/\0${file('/etc/passwd')}`, 'x'],
    ['an absolute folder', /refused/, `//etc\0${file('x')}`, 'x'],
    ['a NUL in a name', /refused/, `/\0f 644 1 0 ${ZEROS} - a\0b\0`, 'a'],
    ['our own metadata', /refused/, `/project\0${file('pushmirror')}`, 'x'],
    ['a link out of the tree', /The link .* is refused/, `/\0l - out\0../../etc\0`, 'out'],
    ['a file below a link', /contradicts itself/, `/\0l - sub\0dists\0/sub\0${file('x')}`, 'sub'],
  ];
  for (const [what, reason, records, first] of lists) {
    void test(`a signed list with ${what}: refused, and nothing switches`, () =>
      withManifests(async (site) => {
        await atFirst(site);
        const head = forge(site, records, records.split(' - ').length - 1, first);
        await assertUntouched(site, reason, await site.sync({ goal: () => head }));
      }));
  }

  void test('ten million entries, and a bucket that unpacks without end', () =>
    withManifests(async (site) => {
      await atFirst(site);
      const many = forgeRoot(
        site,
        [{ sha256: ZEROS, bytes: 1, unpacked: 1, entries: 1, first: 'a' }],
        10_000_000,
      );
      await assertUntouched(
        site,
        /lists 10000000 entries; 8000000 are allowed/,
        await site.sync({ goal: () => many }),
      );
      const bomb = forgeRoot(
        site,
        [{ sha256: ZEROS, bytes: 1_000, unpacked: 4_000_000, entries: 1, first: 'a' }],
        1,
      );
      await assertUntouched(
        site,
        /unpacks to more than 256 times its size/,
        await site.sync({ goal: () => bomb }),
      );
    }));

  void test('a release that drops more than max_delete', () =>
    withManifests(async (site) => {
      await atFirst(site);
      const second = await site.release(2, (entries: Entry[]) =>
        entries.filter(({ path }) => !path.startsWith('pool/main/a')),
      );
      const result = await site.sync({ goal: () => second }, { max_delete: 3 });
      await assertUntouched(site, /drops more than 3 files and folders/, result);
      assert.ok(result.kind === 'failed' && !result.retry);
    }));

  void test('what the upstream gets wrong, the next one has; good files are not fetched twice', () =>
    withManifests(async (site) => {
      await atFirst(site);
      const big = 'pool/main/b/big/big_1.deb';
      write(site.up, big, noise('big', 500_000));
      const second = await site.release(2);
      const wrong = join(site.folder, 'wrong');
      cpSync(site.up, wrong, { recursive: true, preserveTimestamps: true });
      const broken = 'pool/main/a/alpha/alpha_2.dsc';
      writeFileSync(join(wrong, broken), 'x'.repeat(statSync(join(wrong, broken)).size));
      const other = await startRsyncd(site.folder, { debian: wrong });
      try {
        const result = await site.sync(
          { goal: () => second },
          { upstream: other.url('debian'), fallbacks: [site.rsyncd.url('debian')] },
        );
        assert.equal(result.kind, 'committed', JSON.stringify(result));
        assert.ok(result.kind === 'committed' && result.bytes < 600_000, JSON.stringify(result));
        const passed = site.events.flatMap((event) =>
          event.type === 'passed-over' ? [event] : [],
        );
        assert.deepEqual(
          passed.map(({ upstream, reason }) => [upstream, reason]),
          [
            [
              other.url('debian'),
              `upstream ${other.url('debian')} does not match its head: "${broken}" has other content than the manifest says`,
            ],
          ],
        );
        assert.deepEqual(await compareTrees(site.up, site.to), []);
      } finally {
        await other.stop();
      }
    }));
});
