import assert from 'node:assert/strict';
import { chmodSync, rmSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { compareTrees } from '../../../../test/harness/compare-trees.ts';
import { debianLike, startRsyncd, writeFiles } from './fixtures.test.ts';
import { MIRROR, withSite, write, type Site } from './site.test.ts';

const count = (site: Site, type: string) => site.events.filter((one) => one.type === type).length;

void describe('the state of the upstream', { concurrency: 4 }, () => {
  void test('an upstream that is behind is not synced from, and the reason says where it is', () =>
    withSite(async (site) => {
      await writeFiles(site.up, debianLike(1));
      site.publish(site.head(1));
      const result = await site.sync({ goal: () => site.head(2) });
      assert.ok(result.kind === 'failed' && result.retry);
      const url = site.rsyncd.url('debian');
      assert.equal(result.reason, `upstream ${url} is still at serial 1, not yet at 2`);
      assert.equal(count(site, 'syncing'), 0);
    }));

  void test('the fallbacks are tried in their order when the upstream is behind or gone', () =>
    withSite(async (site) => {
      await writeFiles(site.up, debianLike(1));
      site.publish(site.head(1));
      const better = join(site.folder, 'better');
      await writeFiles(better, debianLike(2));
      write(better, 'project/pushmirror/Release.head', site.head(2).bytes);
      const other = await startRsyncd(site.folder, { debian: better });
      try {
        const fallbacks = [`${other.url('none')}`, other.url('debian')];
        const result = await site.sync({ goal: () => site.head(2) }, { fallbacks });
        assert.equal(result.kind, 'committed');
        assert.deepEqual(await compareTrees(better, site.to), []);
        assert.equal(count(site, 'passed-over'), 2);
      } finally {
        await other.stop();
      }
      const result = await site.sync(
        { goal: () => site.head(2) },
        { fallbacks: [other.url('debian')] },
      );
      assert.ok(result.kind === 'failed' && result.retry);
      assert.match(
        result.reason,
        /still at serial 1, not yet at 2; upstream .* could not be looked at/,
      );
      assert.equal(result.rsync?.code, 10);
    }));

  void test('an upstream with news that we have not heard of: claimed when accepted, else not synced from', () =>
    withSite(async (site) => {
      await writeFiles(site.up, debianLike(1));
      site.publish(site.head(5));
      const refused = await site.sync({
        goal: () => site.head(4),
        acceptHead: async () => ({ accepted: false, reason: 'no trusted signer' }),
      });
      assert.ok(refused.kind === 'failed' && refused.retry);
      assert.match(refused.reason, /shows a head that is refused: no trusted signer/);
      assert.equal(count(site, 'syncing'), 0);

      const accepted = await site.sync({ goal: () => site.head(4) });
      assert.ok(accepted.kind === 'committed' && accepted.serial === 5);
      assert.equal(await site.claimed(), 5);
    }));

  void test('an update in progress upstream is waited for, and only what stands still is claimed', () =>
    withSite(async (site) => {
      await writeFiles(site.up, debianLike(1));
      site.publish(site.head(1));
      write(site.up, 'Archive-Update-in-Progress-hub.example.org', '1\n');
      write(site.up, `Archive-Update-in-Progress-${MIRROR}`, 'our own name does not count\n');
      const waits: number[] = [];
      const result = await site.sync({
        goal: () => site.head(1),
        async delay(ms) {
          waits.push(ms);
          if (waits.length < 3) return;
          await writeFiles(site.up, debianLike(2));
          rmSync(join(site.up, 'Archive-Update-in-Progress-hub.example.org'), { force: true });
        },
      });
      assert.equal(result.kind, 'committed');
      assert.deepEqual(waits, [1_000, 2_000, 4_000]);
      assert.equal(count(site, 'syncing'), 2);
      assert.deepEqual(await compareTrees(site.up, site.to), []);
    }));

  void test('an update that never ends upstream is given up after the retries, and can be stopped', () =>
    withSite(async (site) => {
      await writeFiles(site.up, debianLike(1));
      write(site.up, 'Archive-Update-in-Progress-hub.example.org', '1\n');
      const busy = { upstream_busy: { wait: 60_000, retries: 2 } };
      const result = await site.sync({}, busy);
      assert.ok(result.kind === 'failed' && result.retry);
      assert.match(
        result.reason,
        /update in progress \(hub\.example\.org\).*given up after 3 rounds/,
      );
      assert.equal(count(site, 'waiting'), 2);

      const stop = new AbortController();
      const stopped = await site.sync(
        { signal: stop.signal, delay: async () => stop.abort() },
        busy,
      );
      assert.ok(stopped.kind === 'failed' && stopped.retry);
      assert.equal(stopped.reason, 'The sync was stopped.');
    }));

  void test('an upstream that moves on during a sync: what was fetched is not claimed, the next round is', () =>
    withSite(async (site) => {
      await writeFiles(site.up, debianLike(1));
      site.publish(site.head(1));
      let moved = false;
      const claims: (number | undefined)[] = [];
      const result = await site.sync({
        goal: () => site.head(1),
        onEvent(event) {
          if (event.type === 'claimed') claims.push(event.serial);
          if (event.type !== 'staged' || moved) return;
          moved = true;
          rmSync(join(site.up, 'pool/main/b'), { recursive: true });
          write(site.up, 'pool/main/c/gamma.deb', 'gamma');
          write(site.up, 'dists/trixie/InRelease', 'another signed release');
          site.publish(site.head(2));
        },
      });
      assert.ok(result.kind === 'committed' && result.serial === 2);
      assert.deepEqual(claims, [2]);
      assert.deepEqual(await compareTrees(site.up, site.to), []);
    }));

  void test('an upstream between two releases is not believed, whatever its head says', () =>
    withSite(async (site) => {
      await writeFiles(site.up, debianLike(1));
      site.publish(site.head(1));
      write(site.up, 'project/pushmirror/changing', '');
      const result = await site.sync({ goal: () => site.head(1) });
      assert.ok(result.kind === 'failed' && result.retry);
      assert.match(result.reason, /its last sync did not finish/);
    }));

  void test('three heads during one sync: at most two rounds, and the tree ends on the third', () =>
    withSite(async (site) => {
      await writeFiles(site.up, debianLike(1));
      site.publish(site.head(1));
      let goal = site.head(1);
      const publish = (serial: number) => {
        write(site.up, `pool/main/n/new${serial}.deb`, `new in ${serial}`);
        write(site.up, 'dists/trixie/InRelease', 'x'.repeat(10 + serial));
        goal = site.head(serial);
        site.publish(goal);
      };
      let first = true;
      const result = await site.sync({
        goal: () => goal,
        onEvent(event) {
          if (event.type !== 'syncing' || !first) return;
          first = false;
          for (const serial of [2, 3, 4]) publish(serial);
        },
      });
      assert.ok(result.kind === 'committed' && result.serial === 4);
      assert.ok(count(site, 'syncing') <= 2, `${count(site, 'syncing')} rounds`);
      assert.equal(await site.claimed(), 4);
      assert.deepEqual(await compareTrees(site.up, site.to), []);
    }));

  void test('a goal that the upstream does not have yet: what it has is claimed, the rest is left over', () =>
    withSite(async (site) => {
      await writeFiles(site.up, debianLike(1));
      site.publish(site.head(1));
      let goal = site.head(1);
      const result = await site.sync({
        goal: () => goal,
        onEvent(event) {
          if (event.type === 'syncing') goal = site.head(2);
        },
      });
      assert.ok(result.kind === 'committed' && result.serial === 1);
      assert.equal(result.unfinished?.retry, true);
      assert.match(result.unfinished?.reason ?? '', /still at serial 1, not yet at 2/);
      assert.equal(await site.claimed(), 1);
    }));

  void test('a request by Archive-Update-Required during a sync makes another pass, as in ftpsync', () =>
    withSite(async (site) => {
      await writeFiles(site.up, debianLike(1));
      let asked = false;
      const result = await site.sync({
        onEvent(event) {
          if (event.type !== 'staged' || asked) return;
          asked = true;
          write(site.to, `Archive-Update-Required-${MIRROR}`, '');
        },
      });
      assert.equal(result.kind, 'committed');
      assert.equal(count(site, 'claimed'), 2);
    }));

  void test('an upstream that floods a look is cut off', () =>
    withSite(async (site) => {
      await mkdir(join(site.up, 'project'));
      const names = Array.from({ length: 500 }, (_, i) => [`Archive-Update-in-Progress-${i}`, 'x']);
      await writeFiles(site.up, Object.fromEntries(names) as Record<string, string>);
      const result = await site.sync();
      assert.ok(result.kind === 'failed' && result.retry);
      assert.match(result.reason, /more than 100 updates/);
    }));

  void test('a password is sent from its file, and a wrong one is said to be refused', () =>
    withSite(async ({ folder, up, to, sync, head, publish }) => {
      await writeFiles(up, debianLike(1));
      publish(head(1));
      const secrets = join(folder, 'secrets');
      write(folder, 'secrets', 'leaf:right\n');
      write(folder, 'password', 'right\n');
      for (const path of [secrets, join(folder, 'password')]) chmodSync(path, 0o600);
      const lines = ['auth users = leaf', `secrets file = ${secrets}`];
      const guarded = await startRsyncd(folder, { debian: up }, lines);
      try {
        const archive = {
          upstream: guarded.url('debian').replace('//', '//leaf@'),
          password_file: join(folder, 'password'),
        };
        assert.equal((await sync({}, archive)).kind, 'committed');
        assert.deepEqual(await compareTrees(up, to), []);
        write(folder, 'password', 'wrong\n');
        const result = await sync({}, archive);
        assert.ok(result.kind === 'failed' && result.retry);
        assert.match(result.reason, /code 5: the upstream refused to start.*auth failed/);
        chmodSync(archive.password_file, 0o644);
        const exposed = await sync({}, archive);
        assert.ok(exposed.kind === 'failed' && !exposed.retry);
        assert.match(exposed.reason, /can be read by others/);
      } finally {
        await guarded.stop();
      }
    }));
});
