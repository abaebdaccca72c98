import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createNetwork, type Network } from '../harness/network.ts';
import { buildPlainTree } from '../harness/plain-tree.ts';
import { createTcpProxy } from '../harness/tcp-proxy.ts';
import { waitFor } from '../harness/wait.ts';

interface MirrorView {
  quarantinedAt: string | null;
  quarantineReason: string | null;
}

async function release({ master, tree }: Network, name: string): Promise<number> {
  await writeFile(join(tree('debian'), name), `in the release ${name}`);
  return (await master.publish('debian')).serial;
}

void test('a mirror that is dead for too long is left alone, until it is heard of', async () => {
  const network = await createNetwork({ hubs: 0 });
  const { master } = network;
  const proxy = await createTcpProxy(0);
  const quarantined = async () =>
    (await master.api<MirrorView>('/v1/mirrors/lame')).quarantinedAt !== null;
  const pushTo = async (serial: number) =>
    (await master.pushes('debian', serial)).find(({ mirror }) => mirror === 'lame');
  try {
    await network.addMirror('well');
    const lame = await network.addMirror('lame', { sshPort: proxy.port });
    proxy.setTarget(lame.sshPort);
    await master.configure((settings) => {
      const push = { quarantine_after: '4s', backoff_min: '1s', backoff_max: '1s' };
      Object.assign(settings['push'] as object, push);
    });
    await master.service.restart();
    await network.start();
    await buildPlainTree(network.tree('debian'), { files: 20 });
    await master.publish('debian', '--wait', '100%', '--timeout', '60s');

    proxy.setMode('reset');
    await lame.service.stop();
    const second = await release(network, 'second');
    await waitFor(quarantined, { deadlineMs: 30_000, describe: 'the dead mirror is quarantined' });
    const { quarantineReason } = await master.api<MirrorView>('/v1/mirrors/lame');
    assert.match(quarantineReason ?? '', /has not been reached since .* in \d+ attempts/);
    await network.waitForPush('debian', second, 'well', 'committed');

    // The next release does not knock again and again, and says why.
    const third = await release(network, 'third');
    await network.waitForPush('debian', third, 'well', 'committed');
    const push = await pushTo(third);
    assert.equal(push?.state, 'unreachable');
    assert.match(push.reason ?? '', /has not been reached since/);
    assert.ok(push.attempts <= 1, `${push.attempts} attempts`);
    await master.service.restart();
    assert.equal((await pushTo(third))?.state, 'unreachable');

    // It is back: its own word ends the quarantine, and its push is on its way at once.
    proxy.setMode('pass');
    await lame.service.start();
    await network.waitForPush('debian', third, 'lame', 'committed');
    assert.equal(await quarantined(), false);
    assert.deepEqual(await network.differences(lame, 'debian'), []);
    const fourth = await release(network, 'fourth');
    await network.waitForPush('debian', fourth, 'lame', 'committed');
    assert.equal((await pushTo(fourth))?.attempts, 1);
  } catch (error) {
    console.error(network.lastLines(25));
    throw error;
  } finally {
    await proxy.close();
    await network.close();
  }
});
