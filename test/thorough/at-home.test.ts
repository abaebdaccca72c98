import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test, type TestContext } from 'node:test';
import { createAptClient } from '../harness/apt-client.ts';
import { compareTrees } from '../harness/compare-trees.ts';
import type { DebianPackage } from '../harness/debian-release.ts';
import { serialOf } from '../harness/forge.ts';
import { createMixedNetwork, type MixedNetwork } from '../harness/mixed-network.ts';
import { createOutages, type Outages } from '../harness/outages.ts';
import { setPolicy, rolloutUntil } from '../harness/rollouts.ts';
import { isFtpsyncInstalled } from '../harness/stock-host.ts';
import { waitFor } from '../harness/wait.ts';

const POLL_SECONDS = 15;

/** Debian's own programs above us and below us, in one tree (harness/mixed-network.ts draws it). */
void describe('at home among stock mirrors', { skip: !isFtpsyncInstalled() }, () => {
  let all: MixedNetwork;
  let count = 0;
  let packages: DebianPackage[] = [];

  const release = async (...flags: string[]) => {
    count += 1;
    packages = await all.archive.build(count);
    return all.network.master.publish('debian', ...flags);
  };
  const differences = async () => {
    const each = all.mirrors.map(async ({ name, tree }) =>
      (await compareTrees(all.archive.root, tree)).map((line) => `${name} ${line}`),
    );
    return (await Promise.all(each)).flat();
  };
  /** What an agent could not do, or did from elsewhere than its upstream. */
  const troubles = () =>
    [all.relay, all.second, all.beside]
      .flatMap(({ service }) => service.log().split('\n'))
      .filter((line) => /"level":"(warn|error)"|passed over|failed/.test(line));
  const syncsOf = (log: string) => ({
    done: log.match(/Mirrorsync done$/gm)?.length ?? 0,
    bad: log.match(/with errors|ERROR|went wrong/g) ?? [],
  });

  before(async () => {
    all = await createMixedNetwork(POLL_SECONDS);
  });
  after(async () => all?.close());

  void test('a release travels through all of them, each from its upstream', async () => {
    const { serial, mirrors } = await release('--wait', '100%', '--timeout', '50s');
    assert.deepEqual(mirrors, { total: 6, committed: 6, failed: 0 }, all.lastLines(25));
    await all.waitForAll(serial, 10_000);
    assert.deepEqual(await differences(), []);
    assert.deepEqual(troubles(), []);
    // Below runmirrors nobody was pushed by the master as well.
    const pushes = await all.network.master.pushes('debian', serial);
    const below = pushes.filter(({ mirror }) => /^(relay|beside|stock)/.test(mirror));
    assert.deepEqual(
      below.map(({ mirror, sender, attempts }) => `${mirror} ${sender} ${attempts}`),
      ['beside.example.org master 0', 'relay.example.org master 0', 'stock.example.org master 0'],
    );
  });

  void test('the logs of the stock scripts say that all went well', async () => {
    const stages = () =>
      ['relay', 'beside', 'stock'].map((one) => {
        const log = all.hub.relayLog(one);
        return log.match(/Sending (first|second) stage trigger/g)?.length;
      });
    await waitFor(() => stages().every((sent) => sent === 2), {
      deadlineMs: 30_000,
      describe: () => all.hub.relayLog(),
    });
    for (const host of [all.hub, all.leaf, all.stock]) {
      const { done, bad } = syncsOf(host.log());
      assert.deepEqual(bad, [], host.name);
      assert.notEqual(done, 0, host.name);
    }
    assert.match(all.stock.log(), /Running stage1[\s\S]*Running stage2/);
    await waitFor(() => all.hub.relayLog().split('trigger succeeded').length === 7, {
      deadlineMs: 30_000,
      describe: () => all.hub.relayLog(),
    });
    assert.doesNotMatch(all.hub.relayLog(), /failed|Failed|Missing/);
    for (const one of ['relay', 'beside']) {
      const log = all.hub.relayLog(one);
      assert.equal(log.match(/"result":"accepted".*This stage is done/g)?.length, 2, log);
    }
  });

  void test('staged, with the serials of an archive that dak made: nobody shows it before all have it', async () => {
    const trace = join(all.archive.root, 'project/trace/master');
    await writeFile(trace, 'Sat Nov 21 09:00:00 UTC 2026\nArchive serial: 2999010101\n');
    await setPolicy(all.network, { switch: 'together', stage_deadline: '10m' });
    const before = await serialOf(all.hub.tree);
    const { serial } = await release();
    const staging = await rolloutUntil(all.network, serial, 'some have staged', ({ pushes }) =>
      pushes.some(({ state }) => state === 'staged'),
    );
    assert.equal(staging.phase, 'staging', 'and the barrier waits for the others');
    const done = await rolloutUntil(all.network, serial, 'done', ({ phase }) => phase === 'done');
    assert.deepEqual([...new Set(done.pushes.map(({ state }) => state))], ['committed']);
    assert.notEqual(before, serial);
    await all.waitForAll(serial, 10_000);
    assert.deepEqual(await differences(), []);
    for (const { name, tree } of all.mirrors) {
      const text = await readFile(join(tree, 'project/trace', name), 'utf8');
      assert.match(text, /^Archive serial: 2999010101$/m, name);
    }
    const of = done.pushes.map(({ stagedAt, committedAt }) => ({ stagedAt, committedAt }));
    const lastStaged =
      of
        .map(({ stagedAt }) => stagedAt ?? '')
        .toSorted()
        .at(-1) ?? '';
    const firstCommitted = of.map(({ committedAt }) => committedAt ?? '').toSorted()[0] ?? '';
    assert.equal(lastStaged <= firstCommitted, true, JSON.stringify(done.pushes));
    // The hub passed stage 1 on before it answered, and stage 2 when it had that.
    assert.match(all.hub.log(), /Trigger slave mirrors using +-f -k mhop[\s\S]*-f -k stage2/);
    assert.match(all.hub.relayLog(), /Pushkind: mhop[\s\S]*Pushkind: stage2/);
    assert.deepEqual(troubles(), []);
    const to = join(all.network.folder, 'exported');
    const exporting = ['export', 'runmirrors', '--json', '--to', to];
    const { json } = await all.network.master.command(...exporting);
    const { mirrors, leftOut } = json as { mirrors: number; leftOut: string[] };
    assert.equal(mirrors, 1);
    assert.deepEqual(
      leftOut.map((line) => line.replace(/\..*: the/, ': the')).toSorted(),
      ['beside', 'relay', 'stock'].map(
        (one) => `${one}: the runmirrors of hub.example.org pushes it`,
      ),
    );
    await setPolicy(all.network, { switch: 'as-ready' });
  });

  /** How soon all have a release when nobody is missing: the slowest of three, in seconds. */
  const whenHealthy = async () => {
    const each: number[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      const since = Date.now();
      const { serial } = await release();
      each.push(Math.max(...(await outages.shown(serial, since)).values()));
    }
    return Math.max(...each);
  };
  const inWords = (shown: ReadonlyMap<string, number>) =>
    [...shown].map(([name, after]) => `${name.split('.')[0]} ${after.toFixed(1)} s`).join(', ');

  /**
   * Nobody may be behind for longer than a poll, and on top of that what a release needs on this machine
   * from the master to the last leaf (`whenHealthy`; most of it is runmirrors, which looks every five
   * seconds whether all have staged): the host that was away polls, and those below it are pushed as ever.
   */
  const checkBehind = (t: TestContext, what: string, behind: ReadonlyMap<string, number>) => {
    const bound = POLL_SECONDS + healthy;
    const said = `${what}: ${inWords(behind)} (at most ${bound.toFixed(1)} s)`;
    t.diagnostic(said);
    const late = [...behind].filter(([, after]) => after > bound);
    assert.deepEqual(late, [], `${said}\n${all.lastLines(25)}`);
  };
  let healthy = 0;
  let outages: Outages;

  void test('each host misses a release and every push of it: all have it a poll after it is back', async (t) => {
    await all.startCron();
    outages = createOutages(all);
    healthy = await whenHealthy();
    for (const host of all.services.keys()) {
      // The master is lost with the release acknowledged, and next to none of its pushes made.
      if (host !== 'master') await outages.lose(host);
      const { serial } = await release();
      if (host === 'master') await outages.lose(host);
      const behind = await outages.shown(serial, await outages.start(host, 'deaf'));
      await outages.start(host);
      checkBehind(t, host, behind);
    }
  });

  void test('each host is lost in the midst of a sync: all have it a poll after it is back', async (t) => {
    for (const host of all.services.keys()) {
      const { serial } = await release();
      await outages.loseWhileSyncing(host, serial);
      checkBehind(t, host, await outages.shown(serial, await outages.start(host)));
    }
  });

  void test('nobody can be pushed at all: each has the release a poll after its upstream', async (t) => {
    await outages.doors('closed');
    const { serial } = await release();
    const shown = await outages.shown(serial, Date.now());
    await outages.doors('open');
    const upstream = (name: string) => shown.get(all.upstreamOf(name) ?? '') ?? 0;
    const behind = [...shown].map(([name, after]) => [name, after - upstream(name)] as const);
    checkBehind(t, 'each after its upstream', new Map(behind));
    await waitFor(async () => (await differences()).length === 0, {
      deadlineMs: 90_000,
      describe: async () => (await differences()).join('\n'),
    });
  });

  void test('the real apt installs a package from the last leaf', async () => {
    const client = join(all.network.folder, 'client');
    const key = join(all.archive.root, 'archive-key.asc');
    const apt = await createAptClient(client, all.leaf.httpUrl, key);
    await apt.update();
    const wanted = packages.find(({ suite }) => suite === 'trixie')?.name ?? '';
    const files = await apt.install(wanted);
    const installed = `/usr/share/${wanted}/data.bin`;
    assert.equal(files.includes(installed), true, files.join('\n'));
    assert.equal(existsSync(join(client, 'root', installed)), true);
  });
});
