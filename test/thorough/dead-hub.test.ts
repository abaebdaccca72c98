import assert from 'node:assert/strict';
import { kill } from 'node:process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Agent } from '../harness/agent.ts';
import { createNetwork, type Network } from '../harness/network.ts';
import { buildPlainTree } from '../harness/plain-tree.ts';
import { createTcpProxy } from '../harness/tcp-proxy.ts';

/** How often each mirror was told of a release, whatever it answered. */
async function timesTold(mirror: Agent, serial: number): Promise<number> {
  const entries = await mirror.audit();
  return entries.filter((entry) => entry['serial'] === serial && entry['via'] === 'push').length;
}

async function release(network: Network, name: string): Promise<number> {
  await writeFile(join(network.tree('debian'), name), `in the release ${name}`);
  return (await network.master.publish('debian')).serial;
}

interface Ways {
  fail: (hub: Agent) => Promise<void>;
  mend: (hub: Agent) => Promise<void>;
  prepare?: (network: Network, hub: Agent) => Promise<void>;
  /** Another hub stands between this one and the master, and sends in its place. */
  above?: string;
}

async function withDeadHub({ fail, mend, prepare, above }: Ways): Promise<void> {
  const network = await createNetwork({ hubs: 0 });
  const { master } = network;
  const top = above === undefined ? undefined : await network.addMirror(above, { hub: true });
  const hub = await network.addMirror('hub', { hub: true, ...(top && { upstream: top }) });
  await network.addMirror('leaf1', { upstream: hub });
  await network.addMirror('leaf2', { upstream: hub });
  const others = above === undefined ? {} : { [above]: 'master' };
  try {
    await master.configure((settings) => {
      Object.assign(settings['push'] as object, { hub_patience: '5s', attempt_deadline: '3s' });
    });
    await master.service.restart();
    await prepare?.(network, hub);
    await network.start();
    await buildPlainTree(network.tree('debian'), { files: 30 });
    await master.publish('debian', '--wait', '100%', '--timeout', '60s');

    await fail(hub);
    const second = await release(network, 'second');
    for (const leaf of network.leaves) {
      await network.waitForPush('debian', second, leaf.name, 'committed');
      assert.deepEqual(await network.differences(leaf, 'debian'), [], leaf.name);
      const told = await timesTold(leaf, second);
      assert.ok(told >= 1 && told <= 2, `${leaf.name} was told ${told} times`);
    }
    const next = above ?? 'master'; // Tells the hub, and adopts its downstreams.
    assert.deepEqual(await sendersOf(network, second), {
      ...others,
      hub: next,
      leaf1: next,
      leaf2: next,
    });

    await mend(hub);
    await network.waitForPush('debian', second, 'hub', 'committed');
    const third = await release(network, 'third');
    for (const mirror of network.mirrors) {
      await network.waitForPush('debian', third, mirror.name, 'committed');
      assert.deepEqual(await network.differences(mirror, 'debian'), [], mirror.name);
    }
    assert.deepEqual(await sendersOf(network, third), {
      ...others,
      hub: next,
      leaf1: 'hub',
      leaf2: 'hub',
    });
  } catch (error) {
    console.error(network.lastLines(25));
    throw error;
  } finally {
    await mend(hub).catch(() => {});
    await network.close();
  }
}

async function sendersOf({ master }: Network, serial: number): Promise<Record<string, string>> {
  const path = `/v1/rollouts/debian/${serial}`;
  const { pushes } = await master.api<{ pushes: { mirror: string; sender: string }[] }>(path);
  return Object.fromEntries(pushes.map(({ mirror, sender }) => [mirror, sender]));
}

const dead: Ways = {
  fail: (hub) => hub.service.kill9(),
  mend: (hub) => (hub.service.running() ? Promise.resolve() : hub.service.start()),
};

void test('the downstreams of a hub that died are told by the master, and go home with it', () =>
  withDeadHub(dead));

void test('where there is a hub above it that lives, that one tells them', () =>
  withDeadHub({ ...dead, above: 'top' }));

void test('the same with a hub that is frozen: it is there, and says nothing', () =>
  withDeadHub({
    fail: async (hub) => void kill(pidOf(hub), 'SIGSTOP'),
    mend: async (hub) => void kill(pidOf(hub), 'SIGCONT'),
  }));

void test('the same with a hub that lives, and cannot get the release', async () => {
  const proxy = await createTcpProxy(0);
  try {
    await withDeadHub({
      fail: async () => proxy.setMode('reset'),
      mend: async () => proxy.setMode('pass'),
      prepare: async ({ master }, hub) => {
        proxy.setTarget(master.rsyncPort);
        await hub.configure(({ archive }) => {
          archive[0]!['upstream'] = `rsync://127.0.0.1:${proxy.port}/debian`;
        });
      },
    });
  } finally {
    await proxy.close();
  }
});

function pidOf({ service }: Agent): number {
  const pid = service.pid();
  assert.ok(pid !== undefined);
  return pid;
}
