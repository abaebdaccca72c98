import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createNetwork, type Network } from './harness/network.ts';
import { buildPlainTree } from './harness/plain-tree.ts';
import { rolloutUntil, servedSerials, setPolicy } from './harness/rollouts.ts';
import { createTcpProxy, type TcpProxy } from './harness/tcp-proxy.ts';
import { waitFor } from './harness/wait.ts';

/** A hub with a leaf, and a mirror of its own behind a proxy, which switch together. */
void describe('switching together', () => {
  let network: Network;
  let proxy: TcpProxy;
  let first: number;

  const release = async (...flags: string[]) => {
    await writeFile(join(network.tree('debian'), 'new'), `${performance.now()}`);
    return (await network.master.publish('debian', ...flags)).serial;
  };
  const states = (pushes: { mirror: string; state: string }[]) =>
    Object.fromEntries(pushes.map(({ mirror, state }) => [mirror, state]));
  const allServe = (serial: number) => async () =>
    Object.values(await servedSerials(network)).every((served) => served === serial);
  const untilAllServe = (serial: number) =>
    waitFor(allServe(serial), {
      deadlineMs: 60_000,
      describe: async () =>
        `all serve ${serial}: ${JSON.stringify(await servedSerials(network))}\n${network.lastLines(12)}`,
    });

  before(async () => {
    network = await createNetwork({ hubs: 1, leavesPerHub: 1 });
    proxy = await createTcpProxy(0);
    const alone = await network.addMirror('alone', { sshPort: proxy.port });
    proxy.setTarget(alone.sshPort);
    await network.start();
    await buildPlainTree(network.tree('debian'), { files: 50 });
    first = await release('--wait', '100%', '--timeout', '60s');
  });
  after(async () => {
    await proxy?.close();
    await network?.close();
  });

  void test('all stage, readers see the release before, and then all switch', async () => {
    await setPolicy(network, { switch: 'together', stage_deadline: '10m' });
    proxy.setMode('reset');
    const serial = await release();
    const waiting = await rolloutUntil(
      network,
      serial,
      'the hub and its leaf have staged',
      (now) => {
        const { hub1, 'leaf1-1': leaf } = states(now.pushes);
        return hub1 === 'staged' && leaf === 'staged';
      },
    );
    assert.equal(waiting.phase, 'staging');
    assert.deepEqual(await servedSerials(network), { hub1: first, 'leaf1-1': first, alone: first });

    proxy.setMode('pass');
    const done = await rolloutUntil(
      network,
      serial,
      'all have switched',
      ({ phase }) => phase === 'done',
    );
    assert.deepEqual(states(done.pushes), {
      hub1: 'committed',
      'leaf1-1': 'committed',
      alone: 'committed',
    });
    await untilAllServe(serial);
    for (const mirror of network.mirrors) {
      assert.deepEqual(await network.differences(mirror, 'debian'), [], mirror.name);
    }
    first = serial;
  });

  void test('after the deadline the rest go on; who was left behind follows when it is back', async () => {
    await setPolicy(network, { switch: 'together', stage_deadline: '5s' });
    proxy.setMode('reset');
    const serial = await release();
    const open = await rolloutUntil(network, serial, 'the others have switched', (now) => {
      const { hub1, 'leaf1-1': leaf } = states(now.pushes);
      return hub1 === 'committed' && leaf === 'committed';
    });
    const left = open.pushes.filter(({ leftBehindAt }) => leftBehindAt !== null);
    assert.deepEqual(states(left), { alone: 'unreachable' });
    const page = await (await fetch(network.master.url)).text();
    assert.match(page, /left behind when the others switched; not reached/);
    proxy.setMode('pass');
    await untilAllServe(serial);
    first = serial;
  });

  void test('a master killed between the barrier and the word to switch gives it when it is back', async () => {
    await setPolicy(network, { switch: 'together', stage_deadline: '10m' });
    const { service } = network.master;
    // The hub is stopped, so that the barrier waits for it and its leaf.
    const [hub] = network.hubs;
    assert.ok(hub);
    await hub.service.stop();
    const serial = await release();
    await rolloutUntil(network, serial, 'alone has staged', (now) => {
      return states(now.pushes)['alone'] === 'staged';
    });
    proxy.setMode('silent'); // It has staged, and cannot be told to switch.
    await hub.service.start();
    const open = await rolloutUntil(
      network,
      serial,
      'the barrier is open',
      ({ phase }) => phase !== 'staging',
    );
    await service.kill9();
    assert.notEqual(states(open.pushes)['alone'], 'committed');
    assert.equal((await servedSerials(network))['alone'], first);
    proxy.setMode('pass');
    await service.start();
    await untilAllServe(serial);
    await rolloutUntil(network, serial, 'all is done', ({ phase }) => phase === 'done');
  });
});
