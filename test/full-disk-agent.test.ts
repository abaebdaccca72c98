import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { headOf, serialOf, triggerFor } from './harness/forge.ts';
import { createNetwork } from './harness/network.ts';
import { smallDisk } from './harness/small-disk.ts';
import { ssh } from './harness/ssh-client.ts';
import { waitFor } from './harness/wait.ts';

void test('an agent that cannot keep a head answers busy, acknowledges nothing, and takes it when there is room', async (t) => {
  const network = await createNetwork({ hubs: 1, leavesPerHub: 0 });
  const { master } = network;
  const hub = network.hubs[0]!;
  const disk = await smallDisk(hub.state, 4);
  try {
    if (disk === undefined) return t.skip('only root may mount a small disk');
    await network.start();
    const pid = hub.service.pid();
    const tree = network.tree('debian');
    await writeFile(join(tree, 'file'), 'one');
    const first = await master.publish('debian', '--wait', '100%', '--timeout', '60s');

    await disk.fill();
    await writeFile(join(tree, 'file'), 'number two');
    const second = await master.publish('debian');
    const push = async () => (await master.pushes('debian', second.serial))[0]!;
    await waitFor(async () => /disk is full/.test((await push()).reason ?? ''), {
      deadlineMs: 30_000,
      describe: async () => `the push tells of the full disk: ${JSON.stringify(await push())}`,
    });
    const { sshPort: port, hostKey } = hub;
    const answer = await ssh(
      { port, hostKey, user: 'mirror', identity: master.pushKeyFile, folder: network.folder },
      triggerFor(await headOf(tree), 'debian'),
    );
    assert.equal(answer.code, 75, answer.stdout + answer.stderr);
    assert.equal((JSON.parse(answer.stdout) as { result: string }).result, 'busy');
    const inbox = await readFile(join(hub.state, 'inbox/debian.head'), 'latin1');
    assert.match(inbox, new RegExp(`^Serial: ${first.serial}$`, 'm'));
    assert.equal(await serialOf(hub.tree('debian')), first.serial);
    assert.equal((await push()).state === 'accepted', false);

    await disk.free();
    await network.waitForSerial(hub, 'debian', second.serial);
    await network.waitForPush('debian', second.serial, hub.name, 'committed');
    assert.deepEqual(await network.differences(hub, 'debian'), []);
    assert.equal(hub.service.pid(), pid, 'it was not restarted');
  } catch (error) {
    console.error(network.lastLines(25));
    throw error;
  } finally {
    await disk?.remove();
    await network.close();
  }
});
