import assert from 'node:assert/strict';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { BY_HASH_FOLDER, MANIFEST_FOLDER, type Entry, type RootRef } from '@pushmirror/manifest';
import { debianLike, writeFiles } from '../../apps/mirror-agent/src/sync/fixtures.test.ts';
import { describe as describeTree } from '../../apps/mirror-agent/src/sync/manifest/publish.test.ts';
import { compareTrees } from '../harness/compare-trees.ts';
import { tool } from '../harness/tool.ts';
import type { Cost } from './cost.ts';
import { writeRecords, writeRoot } from './lists.ts';
import { createHostileSite, type HostileSite } from './site.ts';
import { assertUntouched, lookBefore } from './untouched.ts';

const ZEROS = '0'.repeat(64);

/**
 * One whole agent is lied to again and again, by a real rsync daemon and with heads that are signed
 * by the real key; in the end it is told the truth.
 */
void describe('an upstream that lies about a release', () => {
  let site: HostileSite;
  /** Each lie is about other files: what was good of the last one is still in staging. */
  let number = 1;
  const most: Cost = { agent: 0, rsync: 0, disk: 0 };
  const alpha = () => `pool/main/a/alpha/alpha_${number}.dsc`;

  before(async () => {
    site = await createHostileSite();
    mkdirSync(join(site.folder, 'outside'));
    await site.publish();
    assert.ok(await site.sync(), site.agent.service.lastLines(10));
  });
  after(() => site.close());

  /** The tree is changed, published as `lie` will have it, and the agent asked to sync to it. */
  async function refuses(lie: (serial: number) => Promise<RootRef> | RootRef, reason: RegExp) {
    const was = await lookBefore(site);
    await tool(['find', site.up, '-mindepth', '1', '-delete']);
    await writeFiles(site.up, { ...debianLike(1), ...debianLike((number += 1)) });
    const serial = site.next();
    await site.show(serial, await lie(serial));
    assert.equal(await site.sync(), false);
    const cost = await assertUntouched(site, was, reason);
    for (const what of ['agent', 'rsync', 'disk'] as const) {
      most[what] = Math.max(most[what], Math.round(cost[what]));
    }
  }

  /** A truthful list first, then this is done to the tree. */
  const afterwards = (change: (up: string) => void) => async (serial: number) => {
    const ref = await describeTree(site.up, serial);
    change(site.up);
    return ref;
  };
  /** The list is of a tree that is not there. */
  const listing = (change: (entries: Entry[]) => Entry[]) => (serial: number) =>
    describeTree(site.up, serial, change);

  void test('a wrong digest in the list', () =>
    refuses(
      listing((entries) =>
        entries.map((entry) =>
          entry.kind === 'file' && entry.path === alpha() ? { ...entry, sha256: ZEROS } : entry,
        ),
      ),
      /does not match its head: "pool\/main\/a\/alpha\/alpha_\d+.dsc" has other content/,
    ));

  void test('other content of the same size and time', () =>
    refuses(
      afterwards((up) => {
        const { mtime, size } = statSync(join(up, alpha()));
        writeFileSync(join(up, alpha()), 'x'.repeat(size));
        utimesSync(join(up, alpha()), mtime, mtime);
      }),
      /does not match its head: "pool\/main\/a\/alpha\/alpha_\d+.dsc" has other content/,
    ));

  void test('an index that is not what its digest says', () =>
    refuses(
      afterwards((up) => {
        const release = readFileSync(join(up, 'dists/trixie/InRelease'));
        const name = createHash('sha256').update(release).digest('hex');
        writeFileSync(join(up, BY_HASH_FOLDER, name), 'X'.repeat(release.length));
      }),
      /does not match its head: "dists\/trixie\/InRelease" has other content/,
    ));

  void test('a truncated bucket', () =>
    refuses(async (serial) => {
      const ref = await describeTree(site.up, serial);
      const folder = join(site.up, MANIFEST_FOLDER);
      const buckets = readdirSync(folder).filter((name) => name.endsWith('.bucket'));
      for (const name of buckets) truncateSync(join(folder, name), 20);
      return ref;
    }, /does not match its head: ".*bucket" (and \d+ more )?has another size/));

  void test('ten million entries', () =>
    refuses(
      (serial) =>
        writeRoot(site.up, serial, {
          entries: 10_000_000,
          buckets: [{ sha256: ZEROS, bytes: 1, unpacked: 1, entries: 1, first: 'a' }],
        }),
      /lists 10000000 entries; 8000000 are allowed/,
    ));

  void test('nearly eight million entries in buckets that are not there', () =>
    refuses((serial) => {
      const buckets = Array.from({ length: 100_000 }, (_, i) => ({
        sha256: createHash('sha256').update(`${i}`).digest('hex'),
        bytes: 4_000_000,
        unpacked: 4_000_000,
        entries: 78,
        first: `pool/${String(i).padStart(6, '0')}`,
      }));
      return writeRoot(site.up, serial, { entries: 78 * buckets.length, buckets });
    }, /does not match its head: ".*bucket" and 9999 more is missing there/));

  void test('a bucket that unpacks without end', () =>
    refuses(
      (serial) =>
        writeRoot(site.up, serial, {
          entries: 1,
          buckets: [{ sha256: ZEROS, bytes: 1_000, unpacked: 4_000_000, entries: 1, first: 'a' }],
        }),
      /unpacks to more than 256 times its size/,
    ));

  const file = (path: string) => `f 644 1 0 ${ZEROS} - ${path}\0`;
  const names: [string, RegExp, string, string][] = [
    ['..', /The release is refused: The path .* has "\.\."/, `/\0${file('..')}`, '..'],
    ['a slash in a name', /The release is refused/, `/\0${file('/etc/passwd')}`, 'x'],
    ['an absolute folder', /The release is refused/, `//etc\0${file('x')}`, 'x'],
    ['a NUL in a name', /The release is refused/, `/\0f 644 1 0 ${ZEROS} - a\0b\0`, 'a'],
    ['our own metadata', /The release is refused/, `/project\0${file('pushmirror')}`, 'x'],
    ['a link out of the tree', /The link .* is refused/, `/\0l - out\0../../outside\0`, 'out'],
  ];
  for (const [what, reason, records, first] of names) {
    void test(`a signed list with ${what}`, () =>
      refuses((serial) => writeRecords(site.up, serial, records, first), reason));
  }

  void test('a signed list with files below a link', () =>
    refuses(
      listing((entries) =>
        entries.map((entry) =>
          entry.path === 'pool/main'
            ? { kind: 'link', path: entry.path, target: '../dists', order: undefined }
            : entry,
        ),
      ),
      /The release is refused: .*contradicts itself/,
    ));

  void test('a link out of the tree in the place of a file', () =>
    refuses(
      afterwards((up) => {
        rmSync(join(up, alpha()));
        symlinkSync('/etc/passwd', join(up, alpha()));
      }),
      /does not match its head: "pool\/main\/a\/alpha\/alpha_\d+.dsc" is missing there/,
    ));

  void test('a FIFO in the place of a file', () =>
    refuses(async (serial) => {
      const ref = await describeTree(site.up, serial);
      rmSync(join(site.up, alpha()));
      await tool(['mkfifo', join(site.up, alpha())]);
      return ref;
    }, /does not match its head: "pool\/main\/a\/alpha\/alpha_\d+.dsc" is missing there/));

  void test('a file of a terabyte where the list says twenty bytes', () =>
    refuses(
      afterwards((up) => truncateSync(join(up, alpha()), 10 ** 12)),
      /alpha_\d+.dsc" is missing there|sends more than its manifest says, and was cut off/,
    ));

  void test('a list that says a terabyte: no room, and nothing is fetched', () =>
    refuses(
      listing((entries) =>
        entries.map((entry) =>
          entry.kind === 'file' && entry.path === alpha() ? { ...entry, size: 2 ** 50 } : entry,
        ),
      ),
      /The release does not fit on the disk/,
    ));

  void test('a release that drops more than max_delete', () =>
    refuses(
      listing((entries) => entries.filter(({ path }) => !path.includes('/alpha_1'))),
      /drops more than 3 files and folders/,
    ));

  void test('and then the truth: it is believed, and nothing is left of the lies', async (t) => {
    await tool(['find', site.up, '-mindepth', '1', '-delete']);
    await writeFiles(site.up, { ...debianLike(1), ...debianLike(2) });
    await site.publish();
    assert.ok(await site.sync(), site.agent.service.lastLines(10));
    assert.deepEqual(await compareTrees(site.up, site.to), []);
    assert.ok(!readdirSync(join(site.to, '..')).includes('.debian.pushmirror'));
    assert.equal((await site.status()).lastError, undefined);
    t.diagnostic(`the most that any lie cost, in MiB: ${JSON.stringify(most)}`);
  });
});
