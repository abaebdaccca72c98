import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createNetwork, type Network } from './harness/network.ts';
import { buildPlainTree } from './harness/plain-tree.ts';
import { waitFor } from './harness/wait.ts';

interface Times {
  mirror: string;
  sentAt: string | null;
  stagedAt: string | null;
}

/** A sync that takes its time. */
async function slowHook(network: Network): Promise<string> {
  const path = join(network.folder, 'slow');
  await writeFile(path, '#!/bin/sh\nsleep 1\n');
  await chmod(path, 0o755);
  return path;
}

/** At most how many of these were between their first trigger and the end of their pull. */
function mostAtOnce(pushes: readonly Times[]): number {
  const steps = pushes.flatMap(({ sentAt, stagedAt }) => {
    assert.ok(sentAt !== null && stagedAt !== null);
    return [
      { at: sentAt, by: 1 },
      { at: stagedAt, by: -1 },
    ];
  });
  // Of what is noted at one time, the end comes first: it made the room.
  steps.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.by - b.by));
  let now = 0;
  let most = 0;
  for (const { by } of steps) most = Math.max(most, (now += by));
  return most;
}

void test('no more mirrors pull from the master at once than it has slots, also by polls', async () => {
  const network = await createNetwork({ hubs: 0 });
  const { master } = network;
  try {
    const hook = await slowHook(network);
    for (const name of ['a', 'b', 'c', 'd', 'e']) {
      await network.addMirror(name, { archiveSettings: { hooks: { hook1: [hook] } } });
    }
    await master.configure((settings) => {
      Object.assign(settings['push'] as object, { slots: 2 });
    });
    await master.service.restart();
    await network.start();
    await buildPlainTree(network.tree('debian'), { files: 20 });
    const { serial } = await master.publish('debian');
    await waitFor(
      async () => {
        const pushes = await master.pushes('debian', serial);
        return pushes.some(({ state, reason }) => state === 'waiting' && /slot/.test(reason ?? ''));
      },
      { deadlineMs: 20_000, describe: 'some are seen to wait for a slot' },
    );
    const waiting = (await master.pushes('debian', serial)).find(
      ({ state }) => state === 'waiting',
    );
    assert.ok(waiting !== undefined);
    assert.equal(waiting.reason, 'It waits for a slot at master.');
    const answer = await ask(network, waiting.mirror, serial);
    assert.equal(answer.go, false);
    assert.match(answer.reason ?? '', /2 slots of master are taken/);
    assert.ok((answer.retryAfter ?? 0) >= 5);

    for (const { name } of network.mirrors) {
      await network.waitForPush('debian', serial, name, 'committed');
    }
    const { pushes } = await master.api<{ pushes: Times[] }>(`/v1/rollouts/debian/${serial}`);
    assert.equal(mostAtOnce(pushes), 2);
    assert.deepEqual(await ask(network, waiting.mirror, serial), { go: true });
  } catch (error) {
    console.error(network.lastLines(25));
    throw error;
  } finally {
    await network.close();
  }
});

void test('a hub shares out its own slots', async () => {
  const network = await createNetwork({ hubs: 1, leavesPerHub: 0 });
  const { master } = network;
  try {
    const hook = await slowHook(network);
    const [hub] = network.hubs;
    assert.ok(hub);
    for (const name of ['a', 'b', 'c']) {
      const archiveSettings = { hooks: { hook1: [hook] } };
      await network.addMirror(name, { upstream: hub, archiveSettings });
    }
    assert.equal((await master.command('mirror', 'set', 'hub1', '--slots', '1')).code, 0);
    await network.start();
    await buildPlainTree(network.tree('debian'), { files: 20 });
    const { serial } = await master.publish('debian', '--wait', '100%', '--timeout', '90s');
    const { pushes } = await master.api<{ pushes: Times[] }>(`/v1/rollouts/debian/${serial}`);
    assert.equal(mostAtOnce(pushes.filter(({ mirror }) => mirror !== 'hub1')), 1);
  } catch (error) {
    console.error(network.lastLines(25));
    throw error;
  } finally {
    await network.close();
  }
});

/** As the agent of a mirror asks whether it may pull. */
async function ask({ master, mirror }: Network, name: string, serial: number) {
  const token = (await readFile(join(mirror(name).folder, 'token'), 'utf8')).trim();
  const response = await fetch(`${master.url}/v1/archives/debian/pulls`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ serial }),
  });
  assert.equal(response.status, 200);
  return (await response.json()) as { go: boolean; retryAfter?: number; reason?: string };
}
