import assert from 'node:assert/strict';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { compareTrees } from '../../../../../test/harness/compare-trees.ts';
import { noise } from '../../../../../test/harness/plain-tree.ts';
import { debianLike, startRsyncd, writeFiles } from '../fixtures.test.ts';
import { write } from '../site.test.ts';
import { withManifests, type ManifestSite } from './publish.test.ts';

const NOWHERE = 'rsync://127.0.0.1:1/x';
const no = () => false;

/** The first release, in place on the mirror; and the second, with every kind of change. */
async function twoReleases(site: ManifestSite) {
  const { up, release, sync } = site;
  await writeFiles(up, debianLike(1));
  await writeFiles(up, {
    'doc/manual.txt': 'the old manual',
    'doc/big.txt': 'x'.repeat(50_000),
    'was-file': 'a file',
    'was-folder/inside': 'in a folder',
    'times.txt': 'only its mode changes',
  });
  symlinkSync('doc', join(up, 'link'));
  const first = await release(1);
  const done = await sync({ goal: () => first });
  assert.equal(done.kind, 'committed', JSON.stringify(done));
  await writeFiles(up, debianLike(2));
  rmSync(join(up, 'was-file'));
  rmSync(join(up, 'was-folder'), { recursive: true });
  unlinkSync(join(up, 'link'));
  symlinkSync('dists', join(up, 'link'));
  chmodSync(join(up, 'times.txt'), 0o600);
  await writeFiles(up, {
    'doc/manual.txt': 'the new manual',
    'doc/copy of the manual.txt': 'the new manual',
    'doc/big.txt': `${'x'.repeat(50_000)}y`,
    'was-file/deep/inside': 'now a folder',
    'was-folder': 'now a file',
  });
  return { first, second: await release(2) };
}

/** All that readers of the release before may look at, as it is now. */
function whatReadersSee(to: string, paths: readonly string[]): string {
  const seen = paths.map((path) => {
    const stat = lstatSync(join(to, path));
    const text = stat.isFile() ? readFileSync(join(to, path), 'utf8') : '';
    return [path, stat.mode, stat.isFile() && stat.mtimeMs, text];
  });
  return JSON.stringify(seen);
}

function pathsIn(to: string): string[] {
  return readdirSync(to, { recursive: true, encoding: 'utf8' }).filter(
    (path) => !path.startsWith('project'),
  );
}

void describe('a release that may not be committed yet', { concurrency: 4 }, () => {
  void test('is staged without a trace for readers, and committed later without an upstream', () =>
    withManifests(async (site) => {
      const { up, to, events } = site;
      const { second } = await twoReleases(site);
      const paths = pathsIn(to);
      const before = whatReadersSee(to, paths);
      events.length = 0;
      const staged = await site.sync({ goal: () => second, mayCommit: no });
      assert.equal(staged.kind, 'staged', JSON.stringify(staged));
      assert.equal(whatReadersSee(to, paths), before);
      assert.equal(await site.claimed(), 1);
      assert.ok(existsSync(join(to, 'pool/main/a/alpha/alpha_2_all.deb')), 'new content is there');
      for (const mark of [
        'project/pushmirror/changing',
        'Archive-Update-in-Progress-leaf.example.org',
      ])
        assert.ok(!existsSync(join(to, mark)), mark);
      assert.ok(!events.some(({ type }) => type === 'claimed'));
      assert.equal(events.filter(({ type }) => type === 'staged').length, 1);

      const again = await site.sync({ goal: () => second, mayCommit: no }, { upstream: NOWHERE });
      assert.ok(again.kind === 'staged' && again.bytes === 0, JSON.stringify(again));
      assert.equal(whatReadersSee(to, paths), before);

      const done = await site.sync({ goal: () => second }, { upstream: NOWHERE });
      assert.ok(done.kind === 'committed' && done.bytes === 0, JSON.stringify(done));
      assert.deepEqual(await compareTrees(up, to), []);
      assert.equal(await site.claimed(), 2);
      assert.ok(!existsSync(join(to, 'project/pushmirror/staged')));
    }));

  void test('the very first release, beside what somebody else has put there', () =>
    withManifests(async (site) => {
      const { up, to, release, sync } = site;
      await writeFiles(up, debianLike(1));
      await writeFiles(to, { ...debianLike(1), 'dists/trixie/Release': 'old', stray: 'stray' });
      const first = await release(1);
      const staged = await sync({ goal: () => first, mayCommit: no });
      assert.equal(staged.kind, 'staged', JSON.stringify(staged));
      assert.equal(readFileSync(join(to, 'dists/trixie/Release'), 'utf8'), 'old');
      const done = await sync({ goal: () => first }, { upstream: NOWHERE });
      assert.ok(done.kind === 'committed' && done.bytes === 0, JSON.stringify(done));
      assert.deepEqual(await compareTrees(up, to), []);
    }));

  void test('permission that comes while it is being staged is enough', () =>
    withManifests(async (site) => {
      const { second } = await twoReleases(site);
      let allowed = false;
      const result = await site.sync({
        goal: () => second,
        mayCommit: () => allowed,
        onEvent: ({ type }) => (allowed ||= type === 'syncing'),
      });
      assert.equal(result.kind, 'committed');
      assert.deepEqual(await compareTrees(site.up, site.to), []);
    }));

  void test('gives way to a newer one, and leaves nothing behind that the newer does not want', () =>
    withManifests(async (site) => {
      const { up, to, release, sync } = site;
      const { second } = await twoReleases(site);
      await sync({ goal: () => second, mayCommit: no });
      rmSync(join(up, 'pool/main/a/alpha/alpha_2_arm64.deb'));
      rmSync(join(up, 'was-file'), { recursive: true });
      await writeFiles(up, { 'doc/manual.txt': 'the third manual', 'was-file': 'a file again' });
      const third = await release(3);
      const paths = ['doc/manual.txt', 'was-file', 'was-folder/inside', 'dists/trixie/InRelease'];
      const before = whatReadersSee(to, paths);
      const staged = await sync({ goal: () => third, mayCommit: no });
      assert.equal(staged.kind, 'staged', JSON.stringify(staged));
      assert.equal(whatReadersSee(to, paths), before);
      assert.equal(readdirSync(join(to, 'project/pushmirror/next')).length, 4);
      const done = await sync({ goal: () => third }, { upstream: NOWHERE });
      assert.equal(done.kind, 'committed', JSON.stringify(done));
      assert.deepEqual(await compareTrees(up, to), []);
      assert.ok(!existsSync(join(to, 'pool/main/a/alpha/alpha_2_arm64.deb')));
      await writeFiles(up, debianLike(4));
      const fourth = await release(4);
      await sync({ goal: () => fourth });
      assert.deepEqual(await compareTrees(up, to), []);
      assert.ok(!existsSync(join(to, 'project/pushmirror/next')), 'what waited is gone');
    }));

  void test('can be staged from a mirror that has itself only staged it', () =>
    withManifests(async (site) => {
      const { up, to, folder } = site;
      const { first, second } = await twoReleases(site);
      const hub = await startRsyncd(folder, { debian: to });
      const below = join(folder, 'below');
      mkdirSync(below);
      const archive = { to: below, upstream: hub.url('debian') };
      await site.sync({ goal: () => first }, archive);
      assert.equal((await site.sync({ goal: () => second, mayCommit: no })).kind, 'staged');
      const staged = await site.sync({ goal: () => second, mayCommit: no }, archive);
      assert.equal(staged.kind, 'staged', JSON.stringify(staged));
      assert.ok(staged.bytes < 30_000, `a delta of what is replaced: ${staged.bytes} bytes`);
      await hub.stop();
      const done = await site.sync({ goal: () => second }, archive);
      assert.equal(done.kind, 'committed', JSON.stringify(done));
      assert.deepEqual(await compareTrees(up, below), []);
    }));

  void test('an archive in classic mode waits and leaves its tree as it is', () =>
    withManifests(async (site) => {
      const { second } = await twoReleases(site);
      const result = await site.sync({ goal: () => second, mayCommit: no }, { mode: 'classic' });
      assert.match(result.kind === 'failed' ? result.reason : '', /classic mode cannot stage it/);
      assert.equal(await site.claimed(), 1);
      const classic = await site.sync({ goal: () => second }, { mode: 'classic' });
      assert.equal(classic.kind, 'committed', JSON.stringify(classic));
    }));

  void test('a large file that changes a little moves as a little from the mirror that staged it', () =>
    withManifests(async (site) => {
      const { up, to, folder, release, sync } = site;
      const old = noise('large', 3_000_000);
      write(up, 'images/disk.img', old);
      const first = await release(1);
      await sync({ goal: () => first });
      const hub = await startRsyncd(folder, { debian: to });
      const archive = { to: join(folder, 'below'), upstream: hub.url('debian') };
      await sync({ goal: () => first }, archive);
      write(up, 'images/disk.img', Buffer.concat([old, Buffer.from('and more')]));
      const second = await release(2);
      await sync({ goal: () => second, mayCommit: no });
      const staged = await sync({ goal: () => second, mayCommit: no }, archive);
      await hub.stop();
      assert.ok(staged.kind === 'staged' && staged.bytes < 200_000, JSON.stringify(staged));
    }));
});
