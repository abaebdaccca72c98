import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Agent } from './harness/agent.ts';
import { createNetwork, type Network } from './harness/network.ts';
import { buildPlainTree } from './harness/plain-tree.ts';
import { rolloutOf, rolloutUntil, servedSerials, setPolicy } from './harness/rollouts.ts';
import { waitFor } from './harness/wait.ts';

/** A hub with a leaf, and a mirror of its own. */
void describe('rollout halt', () => {
  let network: Network;
  let first: number;

  const release = async (...flags: string[]) => {
    await writeFile(join(network.tree('debian'), 'new'), `${performance.now()}`);
    return (await network.master.publish('debian', ...flags)).serial;
  };
  const order = async (...args: string[]) => {
    const { code, stderr } = await network.master.command('rollout', ...args);
    assert.equal(code, 0, stderr);
  };
  const stateOf = async (mirror: Agent) => {
    const { json } = await mirror.command('status', '--json');
    return (json as { archives: { state: string }[] }).archives[0]?.state;
  };
  const untilState = (mirror: Agent, state: string) =>
    waitFor(async () => (await stateOf(mirror)) === state, {
      deadlineMs: 60_000,
      everyMs: 500,
      describe: async () =>
        `${mirror.name} is ${state}; it is ${await stateOf(mirror)}\n${network.lastLines(12)}`,
    });
  const allServe = async (serial: number) => {
    for (const mirror of network.mirrors) await network.waitForSerial(mirror, 'debian', serial);
  };

  before(async () => {
    network = await createNetwork({ hubs: 1, leavesPerHub: 1 });
    await network.addMirror('alone');
    await network.start();
    await buildPlainTree(network.tree('debian'), { files: 30 });
    first = await release('--wait', '100%', '--timeout', '60s');
  });
  after(() => network?.close());

  void test('what is staged stays so, on hub and leaf, over kill -9 of master and hub, until it is resumed', async () => {
    const [hub, leaf, alone] = ['hub1', 'leaf1-1', 'alone'].map(network.mirror);
    assert.ok(hub && leaf && alone);
    await setPolicy(network, { switch: 'together', stage_deadline: '10m' });
    await alone.service.stop(); // So that the barrier waits.
    const serial = await release();
    await rolloutUntil(network, serial, 'hub and leaf have staged', ({ pushes }) =>
      pushes.every(({ mirror, state }) => mirror === 'alone' || state === 'staged'),
    );
    await order('halt', 'debian', '--reason', 'bad checksums');
    for (const mirror of [hub, leaf]) await untilState(mirror, 'held');
    await network.master.service.kill9();
    await hub.service.kill9();
    await network.master.service.start();
    await hub.service.start();
    await alone.service.start();
    await untilState(hub, 'held');
    // Nobody is told, and who asks by itself is not let.
    await alone.command('sync', 'debian');
    const held = await rolloutOf(network.master, serial);
    assert.deepEqual([held.phase, held.held?.reason], ['staging', 'bad checksums']);
    assert.deepEqual(await servedSerials(network), { hub1: first, 'leaf1-1': first, alone: first });

    await order('resume', 'debian');
    await allServe(serial);
    await rolloutUntil(network, serial, 'it is done', ({ phase }) => phase === 'done');
    first = serial;
  });

  void test('what is public and held is not taken by polls; a newer release takes over from it', async () => {
    await setPolicy(network, { switch: 'as-ready' });
    const stopped = [network.mirror('hub1'), network.mirror('leaf1-1')];
    for (const mirror of stopped) await mirror.service.stop();
    const bad = await release();
    await order('halt', 'debian');
    await Promise.all(stopped.map((mirror) => mirror.service.start()));
    for (const mirror of stopped) await mirror.command('sync', 'debian');
    const served = await servedSerials(network);
    assert.deepEqual([served['hub1'], served['leaf1-1']], [first, first]);

    const good = await release();
    await allServe(good);
    const { pushes } = await rolloutOf(network.master, bad);
    const states = pushes.filter(({ mirror }) => mirror !== 'alone').map(({ state }) => state);
    assert.deepEqual(states, ['superseded', 'superseded']);
  });
});
