import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Agent } from '../harness/agent.ts';
import { withNetwork } from '../harness/network.ts';
import { tool } from '../harness/tool.ts';
import { waitFor } from '../harness/wait.ts';
import { checkTree } from '../second-reader/second-reader.ts';
import { differences, listing } from '../serials/listing.ts';
import { createOddTree } from '../serials/odd-tree.ts';

const SEED = 20261121;
const RELEASES = 100;

void test('from any serial to any other, with any names: the tree is the same to the byte, mode and second', () =>
  withNetwork({ hubs: 1, leavesPerHub: 1 }, async (network) => {
    const { master } = network;
    const [hub, leaf] = [network.hubs[0]!, network.leaves[0]!];
    const up = network.tree('debian');
    const tree = createOddTree(up, SEED);
    const publish = async () =>
      (await master.api<{ serial: number }>('/v1/archives/debian/releases', {})).serial;
    const isThere = async (mirror: Agent, serial: number) => {
      await network.waitForSerial(mirror, 'debian', serial);
      const differ = () => differences(listing(up), listing(mirror.tree('debian')));
      await waitFor(() => differ().length === 0, {
        deadlineMs: 20_000, // What the release dropped goes after the tree says that it is there.
        describe: () => `${mirror.name} is the archive:\n${differ().join('\n')}`,
      });
    };

    tree.build();
    const first = await publish();
    await isThere(leaf, first); // From empty, through the hub.
    const before = listing(up);
    await tool(['cp', '-a', up, join(network.folder, 'first')]);

    tree.change();
    const second = await publish();
    await isThere(leaf, second); // From one behind.

    await Promise.all([hub, leaf].map(({ service }) => service.stop()));
    let last = second;
    for (let number = 0; number < RELEASES; number += 1) {
      tree.change();
      last = await publish();
    }
    assert.equal(last, second + RELEASES);
    const late = await network.addMirror('late', { upstream: hub });
    await Promise.all([hub, leaf, late].map(({ service }) => service.start()));
    await isThere(hub, last); // From a hundred behind.
    await isThere(leaf, last);
    await isThere(late, last); // From empty, to where all are a hundred ahead.

    // The content of the first release, published anew, under a higher serial.
    await tool(['rsync', '-a', '--delete', '--exclude=/project', `${network.folder}/first/`, up]);
    assert.deepEqual(differences(before, listing(up)), []);
    const again = await publish();
    for (const mirror of [hub, leaf, late]) await isThere(mirror, again);
    assert.deepEqual(differences(before, listing(leaf.tree('debian'))), []);
    for (const mirror of [hub, leaf, late]) {
      const verified = await mirror.command('verify', 'debian');
      assert.equal(verified.code, 0, verified.stdout);
    }
    // Nor does it take our word for it.
    const signers = { file: master.allowedSigners, network: 'example' };
    for (const root of [up, leaf.tree('debian')]) {
      assert.deepEqual((await checkTree(root, signers)).faults, []);
    }
  }));
