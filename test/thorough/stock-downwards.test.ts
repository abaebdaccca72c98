import assert from 'node:assert/strict';
import { watch } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { HEAD_PATH } from '@pushmirror/trigger';
import { createAgent } from '../harness/agent.ts';
import { createNetwork, type Network } from '../harness/network.ts';
import { headOf, serialOf } from '../harness/forge.ts';
import { buildPlainTree } from '../harness/plain-tree.ts';
import { rolloutUntil, setPolicy } from '../harness/rollouts.ts';
import { createStockHost, isFtpsyncInstalled, type StockHost } from '../harness/stock-host.ts';
import { createTcpProxy, type TcpProxy } from '../harness/tcp-proxy.ts';
import { waitFor } from '../harness/wait.ts';

/** A stock mirror below the master, one below our hub, and an agent that pulls from the first. */
void describe('stock ftpsync below us', { skip: !isFtpsyncInstalled() }, () => {
  let network: Network;
  let direct: StockHost;
  let below: StockHost;
  let proxy: TcpProxy;
  let first: number;

  const add = async (stock: StockHost, port: number, more: object) => {
    const kit = await network.master.api<{ authorizedKeys: string }>('/v1/mirrors', {
      name: stock.name,
      kind: 'ftpsync',
      ssh: { host: '127.0.0.1', port, user: stock.sshUser },
      hostKey: stock.hostKey,
      archives: ['debian'],
      httpUrl: stock.httpUrl,
      rsyncUrl: `rsync://127.0.0.1:${stock.rsyncPort}`,
      ...more,
    });
    const keys = kit.authorizedKeys
      .trim()
      .split('\n')
      .map((line) => line.slice(line.indexOf('ssh-ed25519')));
    await stock.authorize(keys);
    await stock.start();
  };
  const release = async (...flags: string[]) => {
    await writeFile(join(network.tree('debian'), 'dists/stable/Release'), `${performance.now()}`);
    await writeFile(join(network.tree('debian'), `pool/${performance.now()}.deb`), 'content');
    return (await network.master.publish('debian', ...flags)).serial;
  };
  const states = (pushes: { mirror: string; state: string }[]) =>
    Object.fromEntries(pushes.map(({ mirror, state }) => [mirror, state]));
  const shown = async (stock: StockHost) =>
    readFile(join(stock.tree, 'dists/stable/Release'), 'utf8').catch(() => undefined);
  const names = { debian: '' };

  before(async () => {
    network = await createNetwork({ hubs: 1, leavesPerHub: 0 });
    await network.master.configure((settings) => {
      Object.assign(settings, { registration: { allow_addresses: ['127.0.0.0/8'] } });
      Object.assign(settings['push'] as object, { stock_poll: '200ms' });
    });
    await network.master.service.restart();
    await network.start();
    const [hub] = network.hubs;
    const { rsyncPort } = network.master;
    const stock = (name: string, port: number) =>
      createStockHost({ name, folder: join(network.folder, name), rsyncPort: port });
    direct = await stock('stock.example.org', rsyncPort);
    below = await stock('below.example.org', hub?.rsyncPort ?? 0);
    proxy = await createTcpProxy(direct.sshPort);
    await add(direct, proxy.port, { stock: { push: 'staged', callback: true, names } });
    await add(below, below.sshPort, { upstream: 'hub1', stock: { push: 'staged', names } });
    await buildPlainTree(network.tree('debian'), { files: 30 });
    await mkdir(join(network.tree('debian'), 'dists/stable'), { recursive: true });
    await mkdir(join(network.tree('debian'), 'pool'), { recursive: true });
  });
  after(async () => {
    await direct?.stop();
    await below?.stop();
    await proxy?.close();
    await network?.close();
  });

  void test('they are told, count for --wait, and carry our head and manifest', async () => {
    first = await release('--wait', '100%', '--timeout', '60s');
    const pushes = states(await network.master.pushes('debian', first));
    assert.deepEqual(pushes, {
      hub1: 'committed',
      'stock.example.org': 'committed',
      'below.example.org': 'committed',
    });
    for (const one of [direct, below]) {
      assert.equal(await serialOf(one.tree), first, one.name);
      assert.match(one.log(), /Mirrorsync done/);
    }
    // It has nobody to call, and says so.
    assert.match(direct.log(), /We are asked to call back/);
    assert.doesNotMatch(below.log(), /We are asked to call back/);
  });

  void test('an agent syncs from a stock mirror between us', async () => {
    const name = 'agent.example.org';
    const folder = join(network.folder, name);
    const agent = await createAgent({ name, folder, hub: false, archives: ['debian'] });
    const kit = await network.master.addMirror({
      name,
      upstream: direct.name,
      archives: ['debian'],
      sshPort: agent.sshPort,
      sshUser: 'mirror',
      hostKey: agent.hostKey,
      pushKey: undefined,
      rsyncUrl: undefined,
    });
    await agent.install(kit);
    network.leaves.push(agent);
    await agent.service.start();
    await network.waitForSerial(agent, 'debian', first);
    assert.deepEqual(await network.differences(agent, 'debian'), []);
    first = await release('--wait', '100%', '--timeout', '60s');
    await network.waitForSerial(agent, 'debian', first);
    assert.deepEqual(await network.differences(agent, 'debian'), []);
  });

  void test('they take part in switching together: no index before all have staged', async () => {
    await setPolicy(network, { switch: 'together', stage_deadline: '10m' });
    const before = await shown(direct);
    const arrivals = [direct, below].map(({ tree }) => watchArrivals(tree));
    proxy.setMode('reset');
    const serial = await release();
    const waiting = await rolloutUntil(network, serial, 'all but one have staged', ({ pushes }) => {
      const now = states(pushes);
      return now['hub1'] === 'staged' && now['below.example.org'] === 'staged';
    });
    assert.equal(waiting.phase, 'staging', 'the barrier waits for the stock mirror');
    // Stage 1 brought the manifest, and neither the head nor an index that readers would see.
    const { head } = await headOf(network.tree('debian'));
    const listed = (await readdir(join(below.tree, 'project/pushmirror/manifest'))).join(' ');
    assert.equal(listed.includes(head.manifest?.sha256 ?? 'none'), true, listed);
    assert.equal(await serialOf(below.tree), first);
    assert.equal(await shown(below), before);
    proxy.setMode('pass');
    const done = await rolloutUntil(network, serial, 'all', ({ phase }) => phase === 'done');
    assert.deepEqual([...new Set(Object.values(states(done.pushes)))], ['committed']);
    assert.notEqual(await shown(direct), before);
    for (const one of [direct, below]) {
      assert.equal(await serialOf(one.tree), serial, one.name);
      assert.match(one.log(), /Running stage1[\s\S]*Running stage2/);
    }
    for (const arrived of arrivals) {
      const names = arrived();
      assert.deepEqual(names, ['dists/stable/Release', HEAD_PATH], 'the head came after the index');
    }
    await setPolicy(network, { switch: 'as-ready' });
  });

  void test('a busy one is told again, a misconfigured one is refused with its words', async () => {
    const lock = join(direct.tree, 'Archive-Update-in-Progress-stock.example.org');
    await writeFile(lock, `${process.pid}\n`);
    const serial = await release();
    const push = async () =>
      (await network.master.pushes('debian', serial)).find(({ mirror }) => mirror === direct.name);
    await waitFor(async () => (await push())?.state === 'unreachable', {
      deadlineMs: 30_000,
      describe: async () => `busy: ${JSON.stringify(await push())}`,
    });
    assert.match((await push())?.reason ?? '', /busy with another sync.*lock file/);
    await rm(lock);
    await network.waitForPush('debian', serial, direct.name, 'committed');

    await rm(join(direct.folder, '.config/ftpsync/ftpsync.conf'));
    const next = await release();
    await network.waitForPush('debian', next, direct.name, 'refused');
    const refused = (await network.master.pushes('debian', next)).find(
      ({ mirror }) => mirror === direct.name,
    );
    assert.match(refused?.reason ?? '', /misconfigured.*Can't read config file/);
  });
});

/** See in which order the index and the head are replaced in a tree. @returns the order, once each */
function watchArrivals(tree: string): () => string[] {
  const seen = new Set<string>();
  // Both are told by one inotify, in the order in which they happened.
  const watchers = ['dists/stable/Release', HEAD_PATH].map((path) =>
    watch(join(tree, dirname(path)), (_, name) => {
      if (name === basename(path)) seen.add(path);
    }),
  );
  return () => {
    for (const watcher of watchers) watcher.close();
    return [...seen];
  };
}
