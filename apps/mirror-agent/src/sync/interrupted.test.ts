import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { compareTrees } from '../../../../test/harness/compare-trees.ts';
import { leftovers } from '../../../../test/harness/leftovers.ts';
import { noise } from '../../../../test/harness/plain-tree.ts';
import { smallDisk } from '../../../../test/harness/small-disk.ts';
import { waitFor } from '../../../../test/harness/wait.ts';
import { debianLike, settings, writeFiles } from './fixtures.test.ts';
import { MIRROR, withSite, write, type Site } from './site.test.ts';

/** A pool file that takes seconds at 1,000 KiB/s. */
async function withSlowFile(site: Site): Promise<void> {
  await writeFiles(site.up, debianLike(1));
  write(site.up, 'pool/main/b/big/big.deb', noise('big', 8_000_000));
  site.publish(site.head(1));
}

const SLOW = { bandwidth_limit: 1_000 };

/** The processes of this site's mirror, without its rsync daemon's. */
const rsyncs = (site: Site) => leftovers(site.to).filter((one) => one.command.includes('rsync'));

void describe('interruptions', { concurrency: 4 }, () => {
  void test('the deadline ends rsync and all its children, and the next sync carries on', () =>
    withSite(async (site) => {
      await withSlowFile(site);
      const result = await site.sync({ goal: () => site.head(1) }, { ...SLOW, deadline: 4_000 });
      assert.ok(result.kind === 'failed' && result.retry);
      assert.match(result.reason, /rsync was ended after \d s: the deadline had passed/);
      assert.deepEqual(rsyncs(site), []);
      assert.equal(await site.claimed(), undefined);
      assert.equal((await site.sync({ goal: () => site.head(1) })).kind, 'committed');
      assert.deepEqual(await compareTrees(site.up, site.to), []);
    }));

  void test('a sync that is stopped ends at once and leaves no process behind', () =>
    withSite(async (site) => {
      await withSlowFile(site);
      const stop = new AbortController();
      const onEvent = ({ type }: { type: string }) => {
        if (type === 'progress') stop.abort();
      };
      const result = await site.sync({ signal: stop.signal, onEvent }, SLOW);
      assert.ok(
        result.kind === 'failed' && result.retry && result.reason === 'The sync was stopped.',
      );
      assert.deepEqual(rsyncs(site), []);
      assert.ok(!existsSync(join(site.to, `Archive-Update-in-Progress-${MIRROR}`)));
    }));

  const CHILD = fileURLToPath(new URL('./sync-process.test.ts', import.meta.url));

  void test('an agent killed in mid-sync takes its rsync with it, and the next one carries on', () =>
    withSite(async (site) => {
      await withSlowFile(site);
      const archive = settings({ to: site.to, upstream: site.rsyncd.url('debian'), ...SLOW });
      const options = join(site.folder, 'options.json');
      writeFileSync(
        options,
        JSON.stringify({ archive, mirror: MIRROR, stateDir: join(site.folder, 's') }),
      );
      const argv = ['--conditions=source', '--import', 'tsx', CHILD, options];
      const child = spawn(process.execPath, argv, { stdio: 'ignore' });
      const exited = once(child, 'exit');
      await waitFor(() => partialBytes(site) > 200_000, {
        deadlineMs: 20_000,
        describe: 'a part of the large file has come',
      });
      child.kill('SIGKILL');
      await exited;
      await waitFor(() => rsyncs(site).length === 0, {
        deadlineMs: 5_000,
        describe: () =>
          `no rsync is left: ${rsyncs(site)
            .map((one) => one.command)
            .join('; ')}`,
      });
      assert.ok(existsSync(join(site.to, `Archive-Update-in-Progress-${MIRROR}`)));
      assert.ok(existsSync(join(site.to, 'project/pushmirror/changing')));

      assert.equal((await site.sync({ goal: () => site.head(1) })).kind, 'committed');
      assert.deepEqual(await compareTrees(site.up, site.to), []);
      assert.ok(!existsSync(join(site.to, `Archive-Update-in-Progress-${MIRROR}`)));
      assert.ok(!existsSync(join(site.to, 'project/pushmirror/changing')));
    }));

  void test('a full disk is one clear sentence, before the pull and during it', async (t) => {
    await withSite(async (site) => {
      await writeFiles(site.up, debianLike(1));
      write(site.up, 'pool/main/b/big/big.deb', noise('big', 4_000_000));
      site.publish(site.head(1));
      const disk = await smallDisk(site.to, 2);
      if (disk === undefined) return t.skip('no file system can be mounted here');
      try {
        const before = await site.sync({ goal: () => site.head(1) }, { min_free: 1024 ** 3 });
        assert.ok(before.kind === 'failed' && before.retry);
        const free = `The disk of ${site.to} is full: 2.0 MiB are free, and min_free asks for 1.0 GiB.`;
        assert.equal(before.reason, `${free} Free some space.`);
        assert.equal(before.rsync, undefined);

        const during = await site.sync({ goal: () => site.head(1) });
        assert.ok(during.kind === 'failed' && during.retry);
        assert.match(
          during.reason,
          new RegExp(`^The disk of ${site.to} is full: .* Free some space`),
        );
        assert.equal(during.rsync?.code, 11);
        assert.match(during.rsync?.lines.join('\n') ?? '', /No space left on device/);
        assert.equal(await site.claimed(), undefined);
      } finally {
        await disk.remove();
      }
    });
  });
});

function partialBytes(site: Site): number {
  const folder = join(site.to, 'pool/main/b/big');
  if (!existsSync(folder)) return 0;
  const sizes = readdirSync(folder).map(
    (name) => statSync(join(folder, name), { throwIfNoEntry: false })?.size ?? 0,
  );
  return Math.max(0, ...sizes);
}
