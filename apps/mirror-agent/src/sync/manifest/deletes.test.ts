import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, test } from 'node:test';
import { createRandom, type Random } from '../../../../../test/faults/random.ts';
import { compareTrees } from '../../../../../test/harness/compare-trees.ts';
import { debianLike, writeFiles } from '../fixtures.test.ts';
import { MIRROR, write } from '../site.test.ts';
import { runDueDeletes } from './due-deletes.ts';
import { withManifests } from './publish.test.ts';

const HOUR = 3_600_000;
const at = (time: string) => new Date(`2026-11-21T${time}Z`);
const grace = { delete_after: HOUR };

void describe('what a release drops', { concurrency: 2 }, () => {
  void test('a folder that became a link takes nothing with it from where the link leads', () =>
    withManifests(async ({ up, to, release, sync }) => {
      await writeFiles(up, debianLike(1));
      write(up, 'pool/old/same', 'same');
      write(up, 'pool/old/more', 'more');
      write(up, 'pool/new/same', 'same');
      const first = await release(1);
      await sync({ goal: () => first });
      rmSync(join(up, 'pool/old'), { recursive: true });
      symlinkSync('new', join(up, 'pool/old'));
      const second = await release(2);
      await sync({ goal: () => second });
      assert.deepEqual(await compareTrees(up, to), []);
      assert.equal(existsSync(join(to, 'pool/new/same')), true);
    }));

  void test('nor does one that becomes a link while its grace period lasts', () =>
    withManifests(async ({ up, to, release, sync }) => {
      await writeFiles(up, debianLike(1));
      write(up, 'pool/old/same', 'same');
      write(up, 'pool/new/same', 'same');
      const first = await release(1);
      await sync({ goal: () => first, now: () => at('10:00:00') }, grace);
      rmSync(join(up, 'pool/old'), { recursive: true });
      const second = await release(2);
      await sync({ goal: () => second, now: () => at('10:01:00') }, grace);
      symlinkSync('new', join(up, 'pool/old'));
      const third = await release(3);
      await sync({ goal: () => third, now: () => at('10:02:00') }, grace);
      write(up, 'pool/other', 'other');
      const fourth = await release(4);
      await sync({ goal: () => fourth, now: () => at('12:00:00') }, grace);
      assert.equal(existsSync(join(to, 'pool/new/same')), true);
      assert.deepEqual(await compareTrees(up, to), []);
    }));

  void test('nor does one when the switch is done again after it was interrupted', () =>
    withManifests(async ({ up, to, release, sync }) => {
      await writeFiles(up, debianLike(1));
      for (const folder of ['old', 'new']) write(up, `pool/${folder}/same`, 'same');
      const first = await release(1);
      await sync({ goal: () => first });
      rmSync(join(up, 'pool/old'), { recursive: true });
      symlinkSync('new', join(up, 'pool/old'));
      const second = await release(2);
      const ended = await sync({ goal: () => second }, { hooks: { hook3: ['/bin/false'] } });
      assert.equal(ended.kind, 'failed');
      assert.equal(lstatSync(join(to, 'pool/old')).isSymbolicLink(), true);
      await sync({ goal: () => second });
      assert.equal(existsSync(join(to, 'pool/new/same')), true);
      assert.deepEqual(await compareTrees(up, to), []);
    }));

  void test('goes when its grace period is over, without another release', () =>
    withManifests(async ({ up, to, release, sync }) => {
      await writeFiles(up, debianLike(1));
      const first = await release(1);
      await sync({ goal: () => first, now: () => at('10:00:00') }, grace);
      rmSync(join(up, 'pool/main/b'), { recursive: true });
      const second = await release(2);
      await sync({ goal: () => second, now: () => at('10:01:00') }, grace);
      const due = await runDueDeletes(to, MIRROR, at('10:02:00'));
      assert.deepEqual(due, at('11:01:00'));
      assert.equal(existsSync(join(to, 'pool/main/b/beta/beta_1_amd64.deb')), true);
      assert.equal(await runDueDeletes(to, MIRROR, at('11:01:00')), undefined);
      assert.equal(existsSync(join(to, 'pool/main/b')), false);
      assert.deepEqual(await compareTrees(up, to), []);
    }));

  void test('whatever comes, goes, is staged, waits or is looked through: the tree is right in the end', () =>
    withManifests(async ({ up, to, release, sync }) => {
      const random = createRandom(11);
      let minutes = 0;
      const now = () => new Date(at('00:00:00').getTime() + minutes * 60_000);
      for (let serial = 1; serial <= 40; serial += 1) {
        for (let left = random.int(1, 4); left > 0; left -= 1) change(up, random);
        const head = await release(serial);
        const told = `release ${serial}`;
        if (random.chance(0.2)) {
          // The upstream is in mid-change: what was good of it stays in staging.
          change(up, random);
          change(up, random);
          await sync({ goal: () => head, now }, grace);
          continue;
        }
        if (random.chance(0.3)) {
          const staged = await sync({ goal: () => head, now, mayCommit: () => false }, grace);
          assert.equal(staged.kind, 'staged', told);
          if (random.chance(0.5)) continue;
        }
        const hooks = random.chance(0.2) ? { hook3: ['/bin/false'] } : {};
        await sync({ goal: () => head, now }, { ...grace, hooks });
        const lookThrough = random.chance(0.2);
        const result = await sync({ goal: () => head, now, lookThrough }, grace);
        assert.equal(result.kind, 'committed', `${told}: ${JSON.stringify(result)}`);
        minutes += random.int(0, 40);
        if (random.chance(0.5)) await runDueDeletes(to, MIRROR, now());
        // What waits may still be there; what is listed is there, and right.
        const wrong = (await compareTrees(up, to)).filter((one) => !one.startsWith('extra: '));
        assert.deepEqual(wrong, [], told);
        if (random.chance(0.3)) {
          minutes += 61;
          assert.equal(await runDueDeletes(to, MIRROR, now()), undefined, told);
          assert.deepEqual(await compareTrees(up, to), [], told);
        }
      }
    }));
});

const PATHS = ['a', 'b', 'a/x', 'a/y', 'b/x', 'a/x/z', 'dists/t', 'dists/t/Release', 'c'];

/** One path of a few comes, goes, or becomes something else. */
function change(root: string, random: Random): void {
  const names = random.pick(PATHS).split('/');
  const path = join(root, ...names);
  for (let depth = 1; depth < names.length; depth += 1) {
    const folder = join(root, ...names.slice(0, depth));
    const stat = lstatSync(folder, { throwIfNoEntry: false });
    if (stat?.isDirectory() === false) rmSync(folder);
  }
  rmSync(path, { recursive: true, force: true });
  mkdirSync(dirname(path), { recursive: true });
  const kind = random.int(0, 4);
  if (kind <= 1) writeFileSync(path, `${random.int(0, 5)}`);
  else if (kind === 2) mkdirSync(path);
  else if (kind === 3) symlinkSync(random.pick(['b', 'x', 'c', 'Release']), path);
}
