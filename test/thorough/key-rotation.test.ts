import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { withNetwork } from '../harness/network.ts';
import { buildPlainTree } from '../harness/plain-tree.ts';
import { waitFor } from '../harness/wait.ts';

void test('new signing and push keys, while mirrors are up and while one is away; nobody does anything by hand', async () => {
  await withNetwork({ hubs: 1, leavesPerHub: 2 }, async (network) => {
    const { master } = network;
    for (const mirror of network.mirrors) {
      await mirror.configure((settings) => {
        settings['master'] = { ...(settings['master'] as object), follow_tree: true };
      });
      await mirror.service.restart();
    }
    const away = network.leaves[1]!;
    await buildPlainTree(network.tree('debian'), { files: 10 });
    const publish = async (mirrors = network.mirrors) => {
      await writeFile(join(network.tree('debian'), 'now'), String(Math.random()));
      const { serial } = await master.publish('debian');
      for (const mirror of mirrors) {
        await network.waitForSerial(mirror, 'debian', serial);
        assert.deepEqual(await network.differences(mirror, 'debian'), []);
      }
      return serial;
    };
    const rotate = async (kind: string) => {
      const before = await readFile(keyFile(kind), 'utf8');
      const words = ['rotate', kind, '--lead', '2s', '--overlap', '1h'];
      const { code, stderr } = await master.command('key', ...words);
      assert.equal(code, 0, stderr);
      await waitFor(async () => (await readFile(keyFile(kind), 'utf8')) !== before, {
        deadlineMs: 10_000,
        describe: `the new ${kind} key is in use`,
      });
    };
    const keyFile = (kind: string) => (kind === 'push' ? master.pushKeyFile : master.signingKey);

    await publish();
    const stays = await readFile(join(away.folder, 'allowed_signers'), 'utf8');
    await away.service.stop();
    const others = network.mirrors.filter((mirror) => mirror !== away);
    await rotate('signing');
    await rotate('push');
    await publish(others);
    await rotate('signing');
    const serial = await publish(others);

    // It knows the first key alone, and goes from one to the next by what its upstream shows.
    await master.service.stop();
    await away.service.start();
    await network.waitForSerial(away, 'debian', serial);
    assert.equal(await readFile(join(away.folder, 'allowed_signers'), 'utf8'), stays);
  });
});
