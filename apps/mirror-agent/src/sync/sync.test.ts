import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { lockFolder } from '@pushmirror/host';
import { compareTrees } from '../../../../test/harness/compare-trees.ts';
import { waitFor } from '../../../../test/harness/wait.ts';
import { debianLike, writeFiles } from './fixtures.test.ts';
import { MIRROR, withSite, write } from './site.test.ts';

void describe('a sync', { concurrency: 4 }, () => {
  void test('a first copy, a change and a delete: the tree is the upstream’s, and says at which serial', () =>
    withSite(async (site) => {
      const { up, to } = site;
      await writeFiles(up, debianLike(1));
      const first = site.head(2026112101);
      site.publish(first);
      const result = await site.sync({ goal: () => first });
      assert.equal(result.kind, 'committed');
      assert.ok(result.kind === 'committed' && result.bytes > 0 && result.seconds > 0);
      assert.equal(result.serial, 2026112101);
      assert.ok(result.head?.bytes.equals(first.bytes));
      assert.deepEqual(await compareTrees(up, to), []);
      assert.equal(await site.claimed(), 2026112101);

      await writeFiles(up, debianLike(2));
      rmSync(join(up, 'pool/main/a/alpha/alpha_1_amd64.deb'));
      rmSync(join(up, 'pool/main/b'), { recursive: true });
      const second = site.head(2026112102);
      site.publish(second);
      assert.equal((await site.sync({ goal: () => second })).kind, 'committed');
      assert.deepEqual(await compareTrees(up, to), []);
      assert.equal(await site.claimed(), 2026112102);

      const told = site.events.map((event) => event.type).filter((type) => type !== 'progress');
      assert.deepEqual(told, ['syncing', 'staged', 'claimed', 'syncing', 'staged', 'claimed']);
      const leftOver = readdirSync(to).filter((name) => name.startsWith('Archive-Update'));
      assert.deepEqual(leftOver, []);
      assert.deepEqual(readdirSync(join(to, 'project/pushmirror')), ['Release.head']);
      assert.equal(statSync(join(to, 'project/pushmirror/Release.head')).mode & 0o777, 0o644);
      assert.deepEqual(readdirSync(join(site.folder, 'state')), [], 'no scratch folder is left');
    }));

  void test('stage 1 brings content and no index, and the marks are those of ftpsync', () =>
    withSite(async ({ up, to, sync, head, publish }) => {
      await writeFiles(up, debianLike(1));
      publish(head(1));
      const seen: Record<string, string[]> = {};
      const marks = () => readdirSync(to).filter((name) => name.startsWith('Archive-Update'));
      await sync({
        goal: () => head(1),
        onEvent(event) {
          if (event.type === 'progress') return;
          seen[event.type] = marks();
          if (event.type !== 'staged') return;
          assert.ok(existsSync(join(to, 'pool/main/b/beta/beta_1_amd64.deb')));
          assert.ok(!existsSync(join(to, 'dists/trixie/InRelease')));
          assert.ok(!existsSync(join(to, 'dists/trixie/main/binary-amd64/Packages.xz')));
          assert.ok(existsSync(join(to, 'project/pushmirror/changing')));
          assert.ok(!existsSync(join(to, 'project/pushmirror/Release.head')));
        },
      });
      assert.deepEqual(seen, {
        syncing: [
          `Archive-Update-Required-${MIRROR}`,
          `Archive-Update-in-Progress-${MIRROR}`,
        ].toSorted(),
        staged: [`Archive-Update-in-Progress-${MIRROR}`],
        claimed: [`Archive-Update-in-Progress-${MIRROR}`],
      });
    }));

  void test('the upstream’s own head, manifest and marks for readers are not copied, and ours survive', () =>
    withSite(async ({ up, to, sync, head, publish }) => {
      await writeFiles(up, { ...debianLike(1), 'project/pushmirror/manifest/root': 'theirs' });
      publish(head(1));
      await writeFiles(to, { 'project/pushmirror/by-hash/00ff': 'ours' });
      assert.equal((await sync({ goal: () => head(1) })).kind, 'committed');
      assert.ok(existsSync(join(to, 'project/pushmirror/by-hash/00ff')));
      assert.ok(!existsSync(join(to, 'project/pushmirror/manifest')));
    }));

  void test('without heads, the archive serial of the upstream is claimed, or nothing', () =>
    withSite(async (site) => {
      const { up, to, sync } = site;
      await writeFiles(up, debianLike(1));
      const plain = await sync();
      assert.equal(plain.kind === 'committed' && plain.serial, undefined);
      const unproven = await sync({ goal: () => site.head(1) });
      assert.ok(unproven.kind === 'failed' && unproven.retry);
      assert.match(unproven.reason, /neither a head nor a serial of .*: it is not at/);
      write(
        up,
        'project/trace/master',
        'Sat Nov 21 09:00:00 UTC 2026\nArchive serial: 2026112101\n',
      );
      const result = await sync();
      assert.equal(result.kind, 'committed');
      assert.ok(result.kind === 'committed' && result.serial === 2026112101);
      assert.equal(result.head, undefined);
      assert.equal(await site.claimed(), undefined);
      assert.deepEqual(await compareTrees(up, to), []);
    }));

  void test('a tree that is being synced is left alone, and whoever is at work sees the request', () =>
    withSite(async ({ up, to, sync }) => {
      await writeFiles(up, debianLike(1));
      await mkdir(to);
      const lock = lockFolder(to);
      const result = await sync();
      lock?.release();
      assert.equal(result.kind, 'failed');
      assert.ok(result.kind === 'failed' && result.retry);
      assert.equal(result.reason, `${to} is in use by another sync.`);
      assert.ok(existsSync(join(to, `Archive-Update-Required-${MIRROR}`)));
      assert.ok(!existsSync(join(to, 'README.html')));
    }));

  void test('a stock ftpsync that works on the tree is left alone; a mark that it left behind is not', () =>
    withSite(async ({ up, to, sync }) => {
      await writeFiles(up, debianLike(1));
      const ftpsync = spawn('bash', ['-c', 'exec -a ftpsync sleep 60'], { stdio: 'ignore' });
      const ended = once(ftpsync, 'exit');
      await writeFiles(to, {
        'project/README': '',
        [`Archive-Update-in-Progress-${MIRROR}`]: `${ftpsync.pid}\n`,
      });
      await waitFor(
        () => readFileSync(`/proc/${ftpsync.pid}/cmdline`, 'utf8').includes('ftpsync'),
        {
          deadlineMs: 5_000,
          everyMs: 5,
          describe: 'the other process has its name',
        },
      );
      const result = await sync();
      assert.ok(result.kind === 'failed' && result.retry);
      assert.equal(result.reason, `${to} is in use by ftpsync (process ${ftpsync.pid}).`);
      ftpsync.kill();
      await ended;
      assert.equal((await sync()).kind, 'committed');
    }));

  void test('a folder with other things in it is not synced into, since a sync would delete them', () =>
    withSite(async ({ up, to, sync }) => {
      await writeFiles(up, debianLike(1));
      await writeFiles(to, { 'thesis.tex': 'years of work' });
      const result = await sync();
      assert.ok(result.kind === 'failed' && !result.retry);
      assert.match(result.reason, /does not look like a mirror: a sync would delete them/);
      assert.deepEqual(readdirSync(to), ['thesis.tex']);
    }));

  void test('each mistake of the settings is one sentence, and nothing is tried again', () =>
    withSite(async ({ folder, to, sync }) => {
      const reasonOf = async (archive: object) => {
        const result = await sync({}, archive);
        assert.ok(result.kind === 'failed' && !result.retry);
        return result.reason;
      };
      assert.match(await reasonOf({ upstream: 'rsync://-x/y' }), /not an upstream/);
      assert.match(
        await reasonOf({ upstream: 'rsync://u@127.0.0.1/m', password_file: join(folder, 'none') }),
        /none does not exist/,
      );
      const both = { architectures: { include: ['amd64'], exclude: ['i386'] } };
      assert.match(await reasonOf(both), /cannot both be set/);
      assert.ok(!existsSync(join(to, 'dists')));
    }));
});
