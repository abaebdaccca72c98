import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { SignedHead } from '@pushmirror/trigger';
import { compareTrees } from '../../../../../test/harness/compare-trees.ts';
import { noise } from '../../../../../test/harness/plain-tree.ts';
import { waitFor } from '../../../../../test/harness/wait.ts';
import type { ArchiveSettings } from '../archive-settings.ts';
import { debianLike, settings, writeFiles } from '../fixtures.test.ts';
import { MIRROR, write } from '../site.test.ts';
import { withManifests, type ManifestSite } from './publish.test.ts';

const CHILD = fileURLToPath(new URL('../sync-process.test.ts', import.meta.url));
const KILL_US = ['/bin/sh', '-c', 'kill -9 $PPID'];

/** Sync in a process of its own. @returns the signal that ended it. */
async function syncApart(
  site: ManifestSite,
  head: SignedHead,
  archive: Partial<ArchiveSettings>,
  killWhen?: () => boolean,
  mayCommit = true,
): Promise<string | null> {
  const options = join(site.folder, 'state-options.json');
  const all = settings({ to: site.to, upstream: site.rsyncd.url('debian'), ...archive });
  const stateDir = join(site.folder, 'state');
  const bytes = head.bytes.toString('latin1');
  const text = { archive: all, mirror: MIRROR, stateDir, head: bytes, mayCommit };
  writeFileSync(options, JSON.stringify(text));
  const argv = ['--conditions=source', '--import', 'tsx', CHILD, options];
  const child = spawn(process.execPath, argv, { stdio: 'ignore' });
  const timer = setInterval(() => killWhen?.() === true && child.kill('SIGKILL'), 10);
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  clearInterval(timer);
  return signal;
}

void describe('an agent killed in the middle of a move', { concurrency: 4 }, () => {
  for (const hook of ['hook2', 'hook3'] as const) {
    void test(`at ${hook}: the next start completes it, and needs no upstream for that`, () =>
      withManifests(async (site) => {
        const { up, to, release, sync } = site;
        await writeFiles(up, debianLike(1));
        const first = await release(1);
        await sync({ goal: () => first });
        await writeFiles(up, debianLike(2));
        rmSync(join(up, 'pool/main/b'), { recursive: true });
        const second = await release(2);
        assert.equal(await syncApart(site, second, { hooks: { [hook]: KILL_US } }), 'SIGKILL');
        assert.equal(await site.claimed(), 1);
        const mark = hook === 'hook2' ? 'staged' : 'changing';
        assert.ok(existsSync(join(to, 'project/pushmirror', mark)));
        const result = await sync({ goal: () => second }, { upstream: 'rsync://127.0.0.1:1/x' });
        assert.equal(result.kind, 'committed', JSON.stringify(result));
        assert.ok(result.kind === 'committed' && result.bytes === 0);
        assert.deepEqual(await compareTrees(up, to), []);
        assert.equal(await site.claimed(), 2);
      }));
  }

  void test('in mid-fetch: what had been fetched is not fetched again', () =>
    withManifests(async (site) => {
      const { up, to, release, sync } = site;
      await writeFiles(up, debianLike(1));
      for (let i = 0; i < 20; i += 1) write(up, `pool/main/b/big/${i}.deb`, noise(`${i}`, 500_000));
      const first = await release(1);
      const fetched = join(site.folder, '.to.pushmirror/files/pool/main/b/big');
      const some = () => existsSync(fetched) && readdirSync(fetched).length >= 5;
      const killed = await syncApart(site, first, { bandwidth_limit: 2_000 }, some);
      assert.equal(killed, 'SIGKILL');
      assert.ok(!existsSync(join(to, 'pool')), 'nothing is visible');
      const result = await sync({ goal: () => first });
      assert.ok(result.kind === 'committed', JSON.stringify(result));
      assert.ok(result.bytes < 9_500_000, `${result.bytes} bytes`);
      assert.deepEqual(await compareTrees(up, to), []);
    }));

  void test('in the middle of a large file: what had come of it is not fetched again', () =>
    withManifests(async (site) => {
      const { up, to, folder, release, sync } = site;
      await writeFiles(up, debianLike(1));
      write(up, 'pool/main/b/big/big.deb', noise('big', 12_000_000));
      const first = await release(1);
      const fetched = join(folder, '.to.pushmirror/files/pool/main/b/big');
      const half = () =>
        existsSync(fetched) &&
        readdirSync(fetched).some((name) => statSync(join(fetched, name)).size > 6_000_000);
      assert.equal(await syncApart(site, first, { bandwidth_limit: 4_000 }, half), 'SIGKILL');
      await waitFor(() => existsSync(join(fetched, '.~partial~/big.deb')), {
        deadlineMs: 20_000,
        describe: 'its rsync has ended, too, and kept what it had',
      });
      const result = await sync({ goal: () => first });
      assert.ok(result.kind === 'committed', JSON.stringify(result));
      assert.ok(result.bytes < 8_000_000, `${result.bytes} bytes`);
      assert.deepEqual(await compareTrees(up, to), []);
    }));

  void test('at any moment: indexes are whole and never older than their Release, and it ends well', () =>
    withManifests(async (site) => {
      const { up, to, release, sync } = site;
      const moments = [
        '.to.pushmirror/files/project',
        '.to.pushmirror/files/pool',
        'to/project/pushmirror/changing',
        '.to.pushmirror/ready/3',
      ];
      for (let number = 1; number <= 8; number += 1) {
        await writeFiles(up, debianLike(number));
        const head = await release(number);
        const at = moments[number % moments.length] ?? '';
        await syncApart(site, head, {}, () => existsSync(join(site.folder, at)));
        const shown = releaseIn(join(to, 'dists/trixie/InRelease'));
        const listed = releaseIn(join(to, 'dists/trixie/main/binary-amd64/Packages.xz'));
        assert.ok(listed >= shown, `Packages of ${listed} beside Release of ${shown}`);
        const path = `pool/main/a/alpha/alpha_${shown}_amd64.deb`;
        assert.ok(shown === 0 || existsSync(join(to, path)), path);
      }
      const last = await release(9);
      const result = await sync({ goal: () => last });
      assert.equal(result.kind, 'committed', JSON.stringify(result));
      assert.deepEqual(await compareTrees(up, to), []);
    }));

  void test('while it stages: nothing is shown, and it is committed when it may be, without help', () =>
    withManifests(async (site) => {
      const { up, to, folder, release, sync } = site;
      await writeFiles(up, { ...debianLike(1), 'doc/text': 'text 1' });
      const first = await release(1);
      await sync({ goal: () => first });
      await writeFiles(up, { ...debianLike(2), 'doc/text': 'text 2' });
      const second = await release(2);
      const nowhere = { upstream: 'rsync://127.0.0.1:1/x' };
      const killed = { hooks: { hook2: KILL_US } };
      assert.equal(await syncApart(site, second, killed, undefined, false), 'SIGKILL');
      assert.equal(readFileSync(join(to, 'doc/text'), 'utf8'), 'text 1');
      const staged = await sync({ goal: () => second, mayCommit: () => false }, nowhere);
      assert.equal(staged.kind, 'staged', JSON.stringify(staged));
      assert.equal(readFileSync(join(to, 'doc/text'), 'utf8'), 'text 1');
      assert.equal(readFileSync(join(to, 'dists/trixie/Release'), 'utf8'), 'release 1.0');

      const inMidSwitch = { ...nowhere, hooks: { hook3: KILL_US } };
      assert.equal(await syncApart(site, second, inMidSwitch), 'SIGKILL');
      rmSync(join(to, 'dists/trixie/InRelease')); // As if it had not come that far.
      rmSync(join(to, 'doc/text'));
      writeFileSync(join(to, 'doc/text'), 'text 1');
      assert.ok(existsSync(join(folder, 'to/project/pushmirror/changing')));
      const done = await sync({ goal: () => second }, nowhere);
      assert.ok(done.kind === 'committed' && done.bytes === 0, JSON.stringify(done));
      assert.deepEqual(await compareTrees(up, to), []);
    }));

  void test('staging lost with the kill: the tree is looked through, and made right', () =>
    withManifests(async (site) => {
      const { up, to, release, sync } = site;
      await writeFiles(up, debianLike(1));
      const first = await release(1);
      await sync({ goal: () => first });
      await writeFiles(up, debianLike(2));
      const second = await release(2);
      await syncApart(site, second, { hooks: { hook2: KILL_US } });
      rmSync(join(site.folder, '.to.pushmirror'), { recursive: true, force: true });
      rmSync(join(to, 'pool/main/a/alpha/alpha_2_all.deb'));
      rmSync(join(to, 'project/pushmirror/by-hash'), { recursive: true });
      const third = await release(3);
      const result = await sync({ goal: () => third });
      assert.equal(result.kind, 'committed', JSON.stringify(result));
      assert.deepEqual(await compareTrees(up, to), []);
    }));
});

/** The release that a whole index of `debianLike` is of; 0 when there is none. */
function releaseIn(path: string): number {
  if (!existsSync(path)) return 0;
  const [, number, tail] = /release (\d)((?:\.0)+)$/.exec(readFileSync(path, 'utf8')) ?? [];
  assert.equal(tail?.length, 2 * Number(number), path);
  return Number(number);
}
