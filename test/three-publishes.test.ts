import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { withNetwork } from './harness/network.ts';
import { buildPlainTree } from './harness/plain-tree.ts';
import { waitFor } from './harness/wait.ts';

void test('three publishes during one long sync: the mirror ends on the third, with at most two syncs', async () => {
  await withNetwork({ hubs: 1, leavesPerHub: 0 }, async (network) => {
    const { master, hubs } = network;
    const hub = hubs[0]!;
    const tree = network.tree('debian');
    const [counter, staged, go] = ['syncs', 'staged', 'go'].map((name) => join(hub.folder, name));
    // ftpsync's first hook runs once a sync, its second after stage 1: there the sync takes as long
    // as we like (a minute at most).
    const hooks = {
      hook1: shell(`echo sync >> ${counter}`),
      hook2: shell(
        `touch ${staged}; for i in $(seq 600); do [ -e ${go} ] && break; sleep 0.1; done`,
      ),
    };
    await hub.configure((settings) => Object.assign(settings.archive[0]!, { hooks }));
    await hub.service.restart();
    const syncs = async () =>
      (await readFile(counter!, 'utf8').catch(() => '')).split('\n').length - 1;

    await buildPlainTree(tree, { files: 50 });
    const publish = async (content: string) => {
      await writeFile(join(tree, 'small'), content);
      return (await master.publish('debian')).serial;
    };
    await publish('one');
    await waitFor(() => existsSync(staged!), {
      deadlineMs: 30_000,
      describe: 'the first sync has done stage 1',
    });
    await publish('two');
    const third = await publish('three');
    await network.waitForPush('debian', third, hub.name, 'accepted');
    assert.equal(await syncs(), 1, 'all three were published during the first sync');
    await writeFile(go!, '');

    await network.waitForSerial(hub, 'debian', third);
    assert.deepEqual(await network.differences(hub, 'debian'), []);
    assert.ok((await syncs()) <= 2, `${await syncs()} syncs`);
  });
});

function shell(script: string): string[] {
  return ['/bin/sh', '-c', script];
}
