import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { createNetwork } from './harness/network.ts';
import { noise } from './harness/plain-tree.ts';
import { smallDisk } from './harness/small-disk.ts';
import { waitFor } from './harness/wait.ts';

void test('a mirror with a full disk says so, keeps serving what it has, and converges when there is room', async (t) => {
  const network = await createNetwork({ hubs: 1, leavesPerHub: 0 });
  const { master } = network;
  const hub = network.hubs[0]!;
  const disk = await smallDisk(hub.tree('debian'), 12);
  try {
    if (disk === undefined) return t.skip('only root may mount a small disk');
    await network.start();
    const tree = network.tree('debian');
    await writeFile(join(tree, 'small'), noise('small', 1_000_000));
    const first = await master.publish('debian', '--wait', '100%', '--timeout', '60s');

    await writeFile(join(tree, 'large'), noise('large', 30_000_000));
    const second = await master.publish('debian');
    const claim = async () =>
      (await master.api<MirrorView>(`/v1/mirrors/${hub.name}`)).archives[0]!;
    await waitFor(async () => /space|disk/i.test((await claim()).reason ?? ''), {
      deadlineMs: 30_000,
      describe: async () =>
        `the mirror says that its disk is full: ${JSON.stringify(await claim())}`,
    });
    assert.equal((await claim()).serial, first.serial);

    await rm(join(tree, 'large'));
    await writeFile(join(tree, 'other'), 'fits');
    const third = await master.publish('debian', '--wait', '100%', '--timeout', '60s');
    assert.ok(third.serial > second.serial);
    assert.deepEqual(await network.differences(hub, 'debian'), []);
  } catch (error) {
    console.error(network.lastLines(25));
    throw error;
  } finally {
    await disk?.remove();
    await network.close();
  }
});

interface MirrorView {
  archives: { serial: number | null; reason: string | null }[];
}
