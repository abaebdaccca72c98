import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createNetwork } from './harness/network.ts';
import { buildPlainTree } from './harness/plain-tree.ts';
import { createTcpProxy } from './harness/tcp-proxy.ts';

void test('a mirror that was down during a publish converges at start-up by its poll, and its leaf with it', async () => {
  const network = await createNetwork({ hubs: 0 });
  const { master } = network;
  // Once the master cannot reach the hub's SSH any more, only the hub's own poll can help.
  const proxy = await createTcpProxy(0);
  try {
    const hub = await network.addMirror('hub1', { hub: true, sshPort: proxy.port });
    proxy.setTarget(hub.sshPort);
    const leaf = await network.addMirror('leaf1-1', { upstream: hub });
    await network.start();
    await buildPlainTree(network.tree('debian'), { files: 50 });
    await master.publish('debian', '--wait', '100%', '--timeout', '60s');

    await hub.service.stop();
    proxy.setMode('reset');
    await writeFile(join(network.tree('debian'), 'new'), 'in the second release');
    const { serial } = await master.publish('debian');
    await hub.service.start();
    for (const mirror of [hub, leaf]) {
      await network.waitForSerial(mirror, 'debian', serial);
      assert.deepEqual(await network.differences(mirror, 'debian'), [], mirror.name);
    }
  } catch (error) {
    console.error(network.lastLines(25));
    throw error;
  } finally {
    await proxy.close();
    await network.close();
  }
});
