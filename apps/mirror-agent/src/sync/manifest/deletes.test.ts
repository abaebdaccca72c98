import assert from 'node:assert/strict';
import { existsSync, lstatSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
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
});
