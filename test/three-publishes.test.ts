import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { withNetwork } from './harness/network.ts';
import { noise } from './harness/plain-tree.ts';
import { waitFor } from './harness/wait.ts';

void test('three publishes during one long sync: the mirror ends on the third, with at most two syncs', async () => {
  // 6 MB at 1,500 KiB/s: the first sync takes some four seconds.
  const archiveSettings = { bandwidth_limit: 1_500 };
  await withNetwork({ hubs: 1, leavesPerHub: 0, archiveSettings }, async (network) => {
    const { master, hubs } = network;
    const hub = hubs[0]!;
    const tree = network.tree('debian');
    // ftpsync's first hook runs once at the start of each sync.
    const counter = join(hub.folder, 'syncs');
    await hub.configure((settings) => {
      settings.archive[0]!['hooks'] = { hook1: ['/bin/sh', '-c', `echo sync >> ${counter}`] };
    });
    await hub.service.restart();
    const syncs = async () =>
      (await readFile(counter, 'utf8').catch(() => '')).split('\n').length - 1;

    await writeFile(join(tree, 'big'), noise('big', 6_000_000));
    const serials: number[] = [];
    for (const content of ['one', 'two', 'three']) {
      await writeFile(join(tree, 'small'), content);
      serials.push((await master.publish('debian')).serial);
      await waitFor(async () => (await syncs()) >= 1, {
        deadlineMs: 15_000,
        describe: 'the first sync has begun',
      });
    }
    assert.equal(await syncs(), 1, 'all three were published during the first sync');
    await network.waitForSerial(hub, 'debian', serials[2]!);
    assert.deepEqual(await network.differences(hub, 'debian'), []);
    assert.ok((await syncs()) <= 2, `${await syncs()} syncs`);
  });
});
