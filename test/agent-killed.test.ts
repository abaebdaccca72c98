import assert from 'node:assert/strict';
import { readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { serialOf } from './harness/forge.ts';
import { withNetwork } from './harness/network.ts';
import { buildPlainTree, noise } from './harness/plain-tree.ts';
import { waitFor } from './harness/wait.ts';

void test('a hub killed in mid-sync converges after a restart without help, and its leaf with it', async () => {
  const archiveSettings = { bandwidth_limit: 2_000 };
  await withNetwork({ archiveSettings }, async (network) => {
    const { master, hubs, leaves } = network;
    const [hub, leaf] = [hubs[0]!, leaves[0]!];
    const tree = network.tree('debian');
    await buildPlainTree(tree, { files: 200 });
    await master.publish('debian', '--wait', '100%', '--timeout', '60s');

    await writeFile(join(tree, 'big'), noise('big', 10_000_000));
    const { serial } = await master.publish('debian');
    await waitFor(async () => (await partOf(hub.folder)) > 500_000, {
      deadlineMs: 20_000,
      describe: 'the hub has fetched a part of the big file',
    });
    await hub.service.kill9();
    assert.notEqual(await serialOf(hub.tree('debian')), serial);

    await hub.service.start();
    await network.waitForSerial(hub, 'debian', serial);
    await network.waitForSerial(leaf, 'debian', serial);
    for (const mirror of network.mirrors) {
      assert.deepEqual(await network.differences(mirror, 'debian'), [], mirror.name);
    }
  });
});

/** The bytes of the largest file under a folder whose name starts as rsync's partial ones do. */
async function partOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const sizes = entries
    .filter((entry) => entry.isFile() && entry.name.includes('big'))
    .map((entry) =>
      stat(join(entry.parentPath, entry.name)).then(
        ({ size }) => size,
        () => 0,
      ),
    );
  return Math.max(0, ...(await Promise.all(sizes)));
}
