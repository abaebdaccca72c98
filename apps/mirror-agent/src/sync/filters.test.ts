import assert from 'node:assert/strict';
import { existsSync, lstatSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { debianLike, writeFiles } from './fixtures.test.ts';
import { withSite, write } from './site.test.ts';

void describe('filters', { concurrency: 4 }, () => {
  void test('architectures: what is wanted comes, and what is no longer wanted goes', () =>
    withSite(async ({ up, to, sync }) => {
      await writeFiles(up, debianLike(1));
      const alphas = () => readdirSync(join(to, 'pool/main/a/alpha')).toSorted();
      await sync({}, { architectures: { include: [], exclude: ['arm64'] } });
      assert.deepEqual(alphas(), [
        'alpha_1.dsc',
        'alpha_1.tar.xz',
        'alpha_1_all.deb',
        'alpha_1_amd64.deb',
      ]);
      assert.ok(existsSync(join(to, 'dists/trixie/main/source/Sources.xz')));

      await sync({}, { architectures: { include: ['amd64'], exclude: [] } });
      assert.deepEqual(alphas(), ['alpha_1_all.deb', 'alpha_1_amd64.deb']);
      assert.ok(!existsSync(join(to, 'dists/trixie/main/binary-arm64')));
      assert.ok(!existsSync(join(to, 'dists/trixie/main/source')));
      assert.ok(existsSync(join(to, 'dists/trixie/main/Contents-amd64.gz')));
    }));

  void test('include and exclude: an exception to what is left out, and a pattern that rsync would misread', () =>
    withSite(async ({ up, to, sync }) => {
      await writeFiles(up, debianLike(1));
      await writeFiles(to, { 'project/pushmirror/by-hash/00ff': 'ours' });
      const filters = { include: ['/pool/main/b/beta/beta_*'], exclude: ['/pool/**.deb', '!'] };
      const result = await sync({}, filters);
      assert.equal(result.kind, 'committed');
      assert.ok(existsSync(join(to, 'pool/main/b/beta/beta_1_amd64.deb')));
      assert.ok(!existsSync(join(to, 'pool/main/a/alpha/alpha_1_amd64.deb')));
      assert.ok(existsSync(join(to, 'project/pushmirror/by-hash/00ff')));
    }));

  void test('more deletes than max_delete: it stops, claims nothing, and waits for a person', () =>
    withSite(async (site) => {
      const { up, to, sync } = site;
      await writeFiles(up, debianLike(1));
      site.publish(site.head(1));
      await sync({ goal: () => site.head(1) });
      rmSync(join(up, 'pool/main/a'), { recursive: true });
      site.publish(site.head(2));

      const result = await sync({ goal: () => site.head(2) }, { max_delete: 2 });
      assert.ok(result.kind === 'failed' && !result.retry);
      assert.equal(result.rsync?.code, 25);
      assert.match(result.reason, /max_delete/);
      assert.equal(await site.claimed(), 1, 'the head is still that of the last claim');
      assert.ok(
        existsSync(join(to, 'project/pushmirror/changing')),
        'and marked as not to be believed',
      );

      const raised = await sync({ goal: () => site.head(2) }, { max_delete: 20 });
      assert.equal(raised.kind, 'committed');
      assert.ok(!existsSync(join(to, 'pool/main/a')));
      assert.equal(await site.claimed(), 2);
    }));

  void test('a file where a folder was: stage 2 makes way for it, within max_delete', () =>
    withSite(async ({ up, to, sync }) => {
      await writeFiles(up, debianLike(1));
      await sync();
      rmSync(join(up, 'pool/main/a'), { recursive: true });
      write(up, 'pool/main/a', 'a file where a folder was');
      const limited = await sync({}, { max_delete: 2 });
      assert.ok(limited.kind === 'failed' && !limited.retry);
      assert.match(limited.reason, /max_delete/);
      assert.equal((await sync()).kind, 'committed');
      assert.equal(readFileSync(join(to, 'pool/main/a'), 'utf8'), 'a file where a folder was');
    }));

  void test('an upstream that puts links where our own files are moves none of them', () =>
    withSite(async ({ folder, up, to, sync, head, publish }) => {
      await writeFiles(up, debianLike(1));
      publish(head(1));
      await sync({ goal: () => head(1) });
      rmSync(join(up, 'project'), { recursive: true });
      await writeFiles(folder, { 'outside/trace/kept': 'outside', 'outside/pushmirror/kept': 'x' });
      for (const target of [join(folder, 'outside'), '../outside', 'pool']) {
        rmSync(join(up, 'project'), { force: true });
        symlinkSync(target, join(up, 'project'));
        await sync({ goal: () => head(1) });
        assert.ok(lstatSync(join(to, 'project')).isDirectory());
        assert.ok(existsSync(join(to, 'project/pushmirror')));
        assert.deepEqual(readdirSync(join(folder, 'outside/trace')), ['kept']);
        assert.deepEqual(readdirSync(join(folder, 'outside/pushmirror')), ['kept']);
      }
    }));
});
