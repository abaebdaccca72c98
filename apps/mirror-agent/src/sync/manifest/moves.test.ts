import assert from 'node:assert/strict';
import {
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  mkdirSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { compareTrees } from '../../../../../test/harness/compare-trees.ts';
import { noise } from '../../../../../test/harness/plain-tree.ts';
import { debianLike, startRsyncd, writeFiles } from '../fixtures.test.ts';
import { write } from '../site.test.ts';
import { withManifests } from './publish.test.ts';

const OLD = 'pool/main/b/big/big_1.deb';
const NEW = 'pool/main/c/big/big_1.deb';

void describe('what a move costs, and what it leaves', { concurrency: 4 }, () => {
  void test('a file that moved to another folder is linked, not fetched', () =>
    withManifests(async ({ up, to, release, sync }) => {
      await writeFiles(up, debianLike(1));
      write(up, OLD, noise('big', 3_000_000));
      const first = await release(1);
      await sync({ goal: () => first });
      const { ino } = statSync(join(to, OLD));
      mkdirSync(join(up, 'pool/main/c/big'), { recursive: true });
      renameSync(join(up, OLD), join(up, NEW));
      const second = await release(2);
      const result = await sync({ goal: () => second });
      assert.ok(result.kind === 'committed' && result.bytes < 50_000, JSON.stringify(result));
      assert.equal(statSync(join(to, NEW)).ino, ino);
      assert.ok(!existsSync(join(to, OLD)));
      assert.deepEqual(await compareTrees(up, to), []);
    }));

  void test('a large index with a small change costs what changed', () =>
    withManifests(async ({ up, to, release, sync }) => {
      const packages = noise('packages', 4_000_000);
      write(up, 'dists/trixie/Packages', packages);
      const first = await release(1);
      await sync({ goal: () => first });
      packages.write('changed', 2_000_000);
      write(up, 'dists/trixie/Packages', packages);
      const second = await release(2);
      const result = await sync({ goal: () => second });
      assert.ok(result.kind === 'committed' && result.bytes < 40_000, JSON.stringify(result));
      assert.deepEqual(await compareTrees(up, to), []);
    }));

  void test('a tree that classic mode filled is adopted: nothing is fetched again, extras go', () =>
    withManifests(async ({ up, to, head, publish, release, sync }) => {
      await writeFiles(up, debianLike(1));
      write(up, OLD, noise('big', 3_000_000));
      publish(head(1));
      await sync({ goal: () => head(1) });
      write(to, 'pool/stray.deb', 'x');
      write(to, 'dists/trixie/Release', 'damaged');
      const second = await release(2);
      const result = await sync({ goal: () => second });
      assert.ok(result.kind === 'committed' && result.bytes < 50_000, JSON.stringify(result));
      assert.deepEqual(await compareTrees(up, to), []);
      const of = (root: string) => readdirSync(join(root, 'project/pushmirror/by-hash')).toSorted();
      assert.deepEqual(of(to), of(up));
    }));

  void test('filters select from the manifest, and follow when they are changed', () =>
    withManifests(async ({ up, to, release, sync }) => {
      await writeFiles(up, debianLike(1));
      const first = await release(1);
      const result = await sync(
        { goal: () => first },
        { architectures: { include: ['amd64'], exclude: [] } },
      );
      assert.equal(result.kind, 'committed', JSON.stringify(result));
      assert.ok(existsSync(join(to, 'pool/main/a/alpha/alpha_1_amd64.deb')));
      assert.ok(existsSync(join(to, 'pool/main/a/alpha/alpha_1_all.deb')));
      assert.ok(!existsSync(join(to, 'pool/main/a/alpha/alpha_1_arm64.deb')));
      assert.ok(!existsSync(join(to, 'dists/trixie/main/binary-arm64')));
      await sync({ goal: () => first });
      assert.deepEqual(await compareTrees(up, to), []);
    }));

  void test('a hub’s downstream stages from what the hub has staged; asking for more is told', () =>
    withManifests(async (site) => {
      const { folder, up, to, release, sync } = site;
      await writeFiles(up, debianLike(1));
      const first = await release(1);
      const hub = await startRsyncd(folder, { hub: to });
      const leaf = join(folder, 'leaf');
      const leafSync = (goal: typeof first) =>
        sync(
          { goal: () => goal, agent: { name: 'leaf2', trace: {} } },
          { to: leaf, upstream: hub.url('hub') },
        );
      try {
        await sync({ goal: () => first });
        await leafSync(first);
        await writeFiles(up, debianLike(2));
        const second = await release(2);
        let downstream: Promise<unknown> | undefined;
        const result = await sync(
          {
            goal: () => second,
            onEvent(event) {
              if (event.type === 'staged') downstream ??= leafSync(second);
            },
          },
          { hooks: { hook3: ['/bin/sleep', '3'] } },
        );
        const staged = await downstream;
        assert.equal((staged as { kind: string }).kind, 'committed', JSON.stringify(staged));
        assert.equal(result.kind, 'committed');
        assert.deepEqual(await compareTrees(up, leaf), []);

        await sync({ goal: () => second }, { exclude: ['/pool/main/b'] });
        write(up, 'pool/main/b/beta/beta_2_amd64.deb', 'beta 2');
        const third = await release(3);
        await sync({ goal: () => third }, { exclude: ['/pool/main/b'] });
        const asked = await leafSync(third);
        assert.ok(asked.kind === 'failed', JSON.stringify(asked));
        assert.match(
          asked.reason,
          /carries only a part of the archive, and we ask for more: .*beta_2_amd64/,
        );
      } finally {
        await hub.stop();
      }
    }));

  void test('the grace period: what was dropped stays until it is due, also over restarts', () =>
    withManifests(async ({ up, to, release, sync }) => {
      await writeFiles(up, debianLike(1));
      const first = await release(1);
      const at = (time: string) => ({ now: () => new Date(`2026-11-21T${time}Z`) });
      const grace = { delete_after: 3_600_000 };
      await sync({ goal: () => first, ...at('10:00:00') }, grace);
      const dropped = 'pool/main/b/beta/beta_1_amd64.deb';
      const back = 'pool/main/a/alpha/alpha_1_all.deb';
      rmSync(join(up, 'pool/main/b'), { recursive: true });
      rmSync(join(up, back));
      const second = await release(2);
      await sync({ goal: () => second, ...at('10:01:00') }, grace);
      assert.ok(existsSync(join(to, dropped)) && existsSync(join(to, back)));
      write(up, back, debianLike(1)[back] ?? '');
      const third = await release(3);
      await sync({ goal: () => third, ...at('10:30:00') }, grace);
      assert.ok(existsSync(join(to, dropped)));
      write(up, 'README.html', 'read me again');
      const fourth = await release(4);
      await sync({ goal: () => fourth, ...at('11:02:00') }, grace);
      assert.ok(!existsSync(join(to, 'pool/main/b')));
      assert.deepEqual(await compareTrees(up, to), []);
    }));

  void test('a link that becomes the folder it led to, and one that led to itself', () =>
    withManifests(async ({ up, to, release, sync }) => {
      write(up, 'pool/old/same', 'same');
      symlinkSync('old', join(up, 'pool/alias'));
      symlinkSync('loop', join(up, 'pool/loop'));
      const first = await release(1);
      assert.equal((await sync({ goal: () => first })).kind, 'committed');
      for (const name of ['alias', 'loop']) {
        rmSync(join(up, 'pool', name));
        write(up, `pool/${name}/same`, 'same');
      }
      const second = await release(2);
      const result = await sync({ goal: () => second });
      assert.equal(result.kind, 'committed', JSON.stringify(result));
      assert.deepEqual(await compareTrees(up, to), []);
    }));

  void test('from any release to any other: the tree is the upstream’s', () =>
    withManifests(async ({ up, to, release, sync }) => {
      const paths = [
        'a',
        'b',
        'a/x',
        'a/y',
        'b/x',
        'dists/t/Release',
        'dists/t/Packages',
        'dists/t/by-hash/1',
        'sp ace/ü\n%',
        'c',
      ];
      const trees = fc.dictionary(
        fc.constantFrom(...paths),
        fc.constantFrom('1', '22', '1', 'link', 'folder'),
        { maxKeys: 8 },
      );
      let serial = 0;
      for (const tree of fc.sample(trees, { numRuns: 8, seed: 7 })) {
        for (const name of readdirSync(up))
          if (name !== 'project') rmSync(join(up, name), { recursive: true });
        for (const [path, what] of Object.entries(tree)) {
          if (
            existsSync(join(up, path)) ||
            (/^[ab]\//.test(path) &&
              path.slice(0, 1) in tree &&
              tree[path.slice(0, 1)] !== 'folder')
          )
            continue;
          mkdirSync(join(up, path, '..'), { recursive: true });
          if (what === 'link') symlinkSync('c', join(up, path));
          else if (what === 'folder') mkdirSync(join(up, path));
          else write(up, path, what);
        }
        serial += 1;
        const head = await release(serial);
        const result = await sync({ goal: () => head });
        assert.equal(result.kind, 'committed', JSON.stringify([tree, result]));
        assert.deepEqual(await compareTrees(up, to), [], JSON.stringify(tree));
      }
      assert.ok(readFileSync(join(to, 'project/pushmirror/Release.head')).length > 0);
    }));
});
