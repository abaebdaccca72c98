import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Agent } from '../harness/agent.ts';
import { createNetwork, type Network } from '../harness/network.ts';
import { buildPlainTree } from '../harness/plain-tree.ts';
import { createSshd, type Sshd } from '../harness/sshd.ts';
import { tryTool } from '../harness/tool.ts';
import { waitFor } from '../harness/wait.ts';

const REVOKED_WITHIN_MS = 5_000;

void test('mirrors pull over SSH from the master and from a hub, by the rules, until these change', async () => {
  const network = await createNetwork({
    hubs: 1,
    leavesPerHub: 1,
    archives: ['debian', 'security'],
  });
  const { master } = network;
  const [hub, leaf] = [network.hubs[0]!, network.leaves[0]!];
  const atMaster = await createSshd(
    join(network.folder, 'sshd-master'),
    join(master.folder, 'state/rsync-ssh/authorized_keys'),
  );
  const atHub = await createSshd(
    join(network.folder, 'sshd-hub'),
    join(hub.state, 'rsync-ssh/authorized_keys'),
  );
  try {
    await master.configure((settings) => {
      settings['rsync_ssh'] = serving(atMaster);
    });
    await hub.configure((settings) => {
      settings['rsync_ssh'] = serving(atHub);
    });
    await pullOver(hub, atMaster);
    await pullOver(leaf, atHub);
    await master.service.restart();
    await Promise.all([atMaster.service.start(), atHub.service.start()]);
    await network.start();
    const archives = ['debian', 'security'];
    for (const archive of archives) await buildPlainTree(network.tree(archive), { files: 20 });
    await acl(network, 'debian-restricted', '--archive', 'debian');
    for (const archive of archives) {
      const { serial } = await master.publish(archive);
      for (const mirror of network.mirrors) {
        await network.waitForSerial(mirror, archive, serial);
        assert.deepEqual(await network.differences(mirror, archive), []);
      }
    }

    const asks = (module: string) => listed(leaf, atHub, module);
    assert.equal((await asks('debian')).code, 0);
    assert.notEqual((await listed(leaf, atMaster, 'nothing')).code, 0);
    await acl(network, 'no-leaf', '--mirror', leaf.name, '--archive', 'debian');
    const before = performance.now();
    await waitFor(async () => (await asks('debian')).code !== 0, {
      deadlineMs: REVOKED_WITHIN_MS,
      describe: 'the hub refuses the leaf',
    });
    console.log(`revoked over SSH after ${Math.round(performance.now() - before)} ms`);
    assert.match((await asks('debian')).stderr, /Unknown module/);
    assert.equal((await asks('security')).code, 0, 'the other archive is as it was');

    // The master is away: what holds is the hub's copy.
    await master.service.stop();
    await hub.service.restart();
    assert.notEqual((await asks('debian')).code, 0);
    assert.equal((await asks('security')).code, 0);
  } catch (error) {
    console.error(
      network.lastLines(25),
      atMaster.service.lastLines(10),
      atHub.service.lastLines(10),
    );
    throw error;
  } finally {
    await Promise.allSettled([atMaster.service.stop(), atHub.service.stop()]);
    await network.close();
  }
});

function serving({ user, port, hostKeyFile }: Sshd) {
  return { url: `ssh://${user}@127.0.0.1:${port}`, host_key: hostKeyFile };
}

async function pullOver(agent: Agent, { user, port }: Sshd): Promise<void> {
  await agent.configure((settings) => {
    for (const archive of settings.archive) {
      archive['upstream'] = `ssh://${user}@127.0.0.1:${port}/${archive.name}`;
      archive['fallbacks'] = [];
    }
  });
}

async function acl({ master }: Network, id: string, ...words: string[]): Promise<void> {
  const { code, stderr } = await master.command('acl', 'add', id, '--deny', ...words);
  assert.equal(code, 0, stderr);
}

/** What the stock rsync and ssh are shown with a mirror's own key. */
function listed(agent: Agent, { user, port }: Sshd, module: string) {
  const at = (file: string) => join(agent.state, file);
  const rsh = `ssh -F none -p ${port} -i ${at('pull_key')} -oIdentitiesOnly=yes -oBatchMode=yes -oStrictHostKeyChecking=yes -oUserKnownHostsFile=${at('known_hosts')}`;
  return tryTool(['rsync', '-r', '-e', rsh, `${user}@127.0.0.1::${module}/`], {
    deadlineMs: 20_000,
  });
}
