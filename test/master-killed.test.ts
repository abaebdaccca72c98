import assert from 'node:assert/strict';
import { test } from 'node:test';
import { serialOf } from './harness/forge.ts';
import { createNetwork } from './harness/network.ts';
import { buildPlainTree } from './harness/plain-tree.ts';
import { createTcpProxy } from './harness/tcp-proxy.ts';
import { waitFor } from './harness/wait.ts';

void test('a master killed between commit and send pushes the release when it is back', async () => {
  const network = await createNetwork({ hubs: 0 });
  const { master } = network;
  // The mirror's SSH accepts and says nothing: a push can begin but never arrive. Polls are an hour
  // apart, so only a push can bring the news.
  const proxy = await createTcpProxy(0, 'silent');
  try {
    const mirror = await network.addMirror('hub1', { hub: true, sshPort: proxy.port });
    proxy.setTarget(mirror.sshPort);
    await mirror.service.start();

    await buildPlainTree(network.tree('debian'), { files: 20 });
    const { serial } = await master.publish('debian');
    await waitFor(() => proxy.connections() > 0, {
      deadlineMs: 10_000,
      describe: 'the master has opened a connection to the mirror',
    });
    await master.service.kill9();
    assert.equal(await serialOf(mirror.tree('debian')), undefined);

    proxy.setMode('pass');
    await master.service.start();
    await network.waitForSerial(mirror, 'debian', serial);
    assert.deepEqual(await network.differences(mirror, 'debian'), []);
    await network.waitForPush('debian', serial, 'hub1', 'committed');
    const { code, stdout } = await master.command('audit', 'verify');
    assert.equal(code, 0, `no entry of the audit was lost or torn: ${stdout}`);
  } catch (error) {
    console.error(network.lastLines(25));
    throw error;
  } finally {
    await proxy.close();
    await network.close();
  }
});
