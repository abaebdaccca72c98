import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { describe, test } from 'node:test';
import { BY_HASH_FOLDER, MANIFEST_FOLDER, NEWEST_FOLDER, newestName } from '@pushmirror/manifest';
import { compareTrees } from '../../../../../test/harness/compare-trees.ts';
import { debianLike, writeFiles } from '../fixtures.test.ts';
import { MIRROR, write } from '../site.test.ts';
import { readCarried } from './carried.ts';
import { pruneReleases } from './prune.ts';
import { withManifests } from './publish.test.ts';
import { verifyTree } from './verify.ts';

const types = (events: readonly { type: string }[]) =>
  events.map(({ type }) => type).filter((type) => type !== 'progress');

void describe('a sync by manifest', { concurrency: 4 }, () => {
  void test('a first copy, a change and a delete: the tree is the upstream’s, and says at which serial', () =>
    withManifests(async (site) => {
      const { up, to } = site;
      await writeFiles(up, debianLike(1));
      symlinkSync('trixie', join(up, 'dists/stable'));
      const first = await site.release(1);
      const result = await site.sync({ goal: () => first });
      assert.ok(result.kind === 'committed', JSON.stringify(result));
      assert.ok(result.bytes > 0 && result.head?.bytes.equals(first.bytes));
      assert.deepEqual(await compareTrees(up, to), []);
      assert.equal(await site.claimed(), 1);

      await writeFiles(up, debianLike(2));
      rmSync(join(up, 'pool/main/a/alpha/alpha_1_amd64.deb'));
      rmSync(join(up, 'pool/main/b'), { recursive: true });
      const second = await site.release(2);
      const moved = await site.sync({ goal: () => second });
      assert.ok(moved.kind === 'committed', JSON.stringify(moved));
      assert.deepEqual(await compareTrees(up, to), []);
      assert.equal(await site.claimed(), 2);
      assert.deepEqual(types(site.events), [
        'syncing',
        'staged',
        'claimed',
        'syncing',
        'staged',
        'claimed',
      ]);
      assert.ok(!existsSync(join(site.folder, '.to.pushmirror')), 'nothing is left in staging');
      assert.ok(!existsSync(join(to, 'project/pushmirror/changing')));
      const of = (root: string, folder: string) => readdirSync(join(root, folder)).toSorted();
      for (const folder of [MANIFEST_FOLDER, BY_HASH_FOLDER]) {
        assert.deepEqual(of(to, folder), of(up, folder), folder);
      }
      const path = 'dists/trixie/InRelease';
      assert.equal(
        statSync(join(to, path)).mtimeMs,
        Math.floor(statSync(join(up, path)).mtimeMs / 1000) * 1000,
      );
      assert.match(
        readFileSync(join(to, 'project/trace/leaf.example.org'), 'utf8'),
        /Pushmirror-Mode: manifest/,
      );
    }));

  void test('what little a release brought comes along with its root; what is wrong there is fetched', () =>
    withManifests(async ({ up, to, release, sync }) => {
      await writeFiles(up, debianLike(1));
      const first = await release(1);
      await sync({ goal: () => first });
      await writeFiles(up, debianLike(2));
      const before = new Set(readdirSync(join(up, MANIFEST_FOLDER)));
      const second = await release(2);
      const newest = join(up, NEWEST_FOLDER);
      const aside = join(up, '..', 'aside');
      mkdirSync(newest);
      mkdirSync(aside);
      // Nowhere else: so it is seen that no other call of rsync was needed for them.
      const moved: [string, string][] = [];
      let missing = '';
      const hide = (path: string, name: string) => {
        copyFileSync(join(up, path), join(newest, name));
        moved.push([join(up, path), join(aside, String(moved.length))]);
        renameSync(join(up, path), moved.at(-1)?.[1] ?? '');
      };
      for (const name of readdirSync(join(up, MANIFEST_FOLDER))) {
        if (name.endsWith('.bucket') && !before.has(name)) hide(`${MANIFEST_FOLDER}/${name}`, name);
      }
      for (const [path, text] of Object.entries(debianLike(2))) {
        const name = basename(newestName({ path }));
        if (debianLike(1)[path] === text) continue;
        // Wrong, too large, missing, a link, a folder: each is fetched from where it is.
        if (path.endsWith('.dsc')) writeFileSync(join(newest, name), 'x'.repeat(text.length));
        else if (path.endsWith('Sources.xz'))
          writeFileSync(join(newest, name), 'x'.repeat(300_000));
        else if (path.endsWith('.tar.xz')) missing = name;
        else if (path.endsWith('_all.deb')) symlinkSync('/etc/passwd', join(newest, name));
        else if (path.endsWith('InRelease')) mkdirSync(join(newest, name));
        else if (path.startsWith('pool')) hide(path, name);
        else hide(`${BY_HASH_FOLDER}/${createHash('sha256').update(text).digest('hex')}`, name);
      }
      const result = await sync({ goal: () => second });
      assert.ok(result.kind === 'committed', JSON.stringify(result));
      for (const [from, there] of moved) renameSync(there, from);
      assert.deepEqual(await compareTrees(up, to), []);
      assert.deepEqual(
        readdirSync(join(to, NEWEST_FOLDER)).toSorted(),
        [...readdirSync(newest), missing].toSorted(),
        'and its own downstreams find it here',
      );
    }));

  void test('a file of the same size and time with other content is seen', () =>
    withManifests(async ({ up, to, release, sync }) => {
      await writeFiles(up, debianLike(1));
      const first = await release(1);
      await sync({ goal: () => first });
      write(up, 'pool/main/b/beta/beta_1_amd64.deb', 'BETA');
      write(up, 'dists/trixie/InRelease', 'SIGNED RELEASE 1.0');
      const second = await release(2);
      const result = await sync({ goal: () => second });
      assert.ok(result.kind === 'committed', JSON.stringify(result));
      assert.deepEqual(await compareTrees(up, to), []);
    }));

  void test('of old releases only the last few are kept to stage from, and all of the current one', () =>
    withManifests(async ({ up, to, release, sync }) => {
      await writeFiles(up, debianLike(1));
      const versions = () =>
        readdirSync(join(to, BY_HASH_FOLDER)).filter((name) =>
          readFileSync(join(to, BY_HASH_FOLDER, name), 'utf8').startsWith('release '),
        );
      for (let serial = 1; serial <= 10; serial += 1) {
        write(up, 'dists/trixie/InRelease', `release ${'x'.repeat(serial)}`);
        const head = await release(serial);
        const result = await sync({ goal: () => head });
        assert.ok(result.kind === 'committed', JSON.stringify(result));
      }
      assert.ok(versions().length >= 4 && versions().length <= 8, String(versions().length));
      const current = `release ${'x'.repeat(10)}`;
      const shown = versions().map((name) => readFileSync(join(to, BY_HASH_FOLDER, name), 'utf8'));
      assert.ok(shown.includes(current));
      assert.deepEqual(await compareTrees(up, to), []);

      // Nor do many that were only staged push out the one that the tree is at.
      for (let serial = 11; serial <= 20; serial += 1) {
        write(up, 'dists/trixie/InRelease', `release ${'x'.repeat(serial)}`);
        const head = await release(serial);
        const result = await sync({ goal: () => head, mayCommit: () => false });
        assert.equal(result.kind, 'staged', JSON.stringify(result));
      }
      const carried = await readCarried(to);
      await pruneReleases(to, carried?.root.sha256 ?? '');
      // The four newest, its own, and the file Release that all have.
      assert.deepEqual([carried?.serial, versions().length], [10, 6]);
      const verified = await verifyTree({
        archive: { to },
        mirror: MIRROR,
        percent: 100,
        signal: new AbortController().signal,
        onProblem: (problem) => assert.fail(JSON.stringify(problem)),
      });
      assert.equal(verified.kind, 'verified');
    }));
});
