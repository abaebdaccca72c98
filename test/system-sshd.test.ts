import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { agentProgram, appArgv } from './harness/app.ts';
import { headOf, serialOf, triggerFor } from './harness/forge.ts';
import { createNetwork } from './harness/network.ts';
import { buildPlainTree } from './harness/plain-tree.ts';
import { ssh } from './harness/ssh-client.ts';
import { createSshd } from './harness/sshd.ts';

void test('a mirror behind the system sshd: pushed when its daemon is up, and not forgotten when it is down', async () => {
  const network = await createNetwork({ hubs: 0 });
  const { master } = network;
  const sshd = await createSshd(join(network.folder, 'sshd'));
  try {
    const mirror = await network.addMirror('mirror', {
      sshPort: sshd.port,
      sshUser: sshd.user,
      hostKey: sshd.hostKey,
    });
    await mirror.configure((settings) => {
      delete settings['ssh_server'];
    });
    // The line that the product renders, with where things lie on this machine.
    const line = mirror.kit().authorizedKeys.trim();
    const program = appArgv(agentProgram).join(' ');
    await sshd.authorize([
      line
        .replace('/usr/bin/mirror-agent', program)
        .replace('/etc/pushmirror/mirror-agent.toml', mirror.config),
    ]);
    await sshd.service.start();
    await mirror.service.start();

    await buildPlainTree(network.tree('debian'), { files: 50 });
    const first = await master.publish('debian', '--wait', '100%', '--timeout', '60s');
    assert.equal(first.mirrors.committed, 1);
    assert.deepEqual(await network.differences(mirror, 'debian'), []);

    // The daemon is down: the forced command stores the head durably and says so.
    await mirror.service.stop();
    await writeFile(join(network.tree('debian'), 'second'), 'release');
    const second = await master.publish('debian');
    await network.waitForPush('debian', second.serial, 'mirror', 'accepted');
    const target = {
      port: sshd.port,
      user: sshd.user,
      hostKey: sshd.hostKey,
      identity: master.pushKeyFile,
      folder: network.folder,
    };
    const again = await ssh(target, triggerFor(await headOf(network.tree('debian')), 'debian'));
    assert.equal(again.code, 0, again.stderr);
    assert.match(again.stdout, /"result":"duplicate"/);
    assert.equal(await serialOf(mirror.tree('debian')), first.serial);

    await mirror.service.start();
    await network.waitForSerial(mirror, 'debian', second.serial);
    await network.waitForPush('debian', second.serial, 'mirror', 'committed');
    assert.deepEqual(await network.differences(mirror, 'debian'), []);

    // The same with the system's own ssh as the sender, for sites that need what ssh2 lacks.
    await master.configure((settings) => Object.assign(settings, { sender: 'openssh' }));
    await master.service.restart();
    await writeFile(join(network.tree('debian'), 'third'), 'release');
    const third = await master.publish('debian', '--wait', '100%', '--timeout', '60s');
    assert.equal(third.mirrors.committed, 1);
    assert.deepEqual(await network.differences(mirror, 'debian'), []);

    // Nothing but triggers: no shell, no other command, no pty, no forwarding.
    assert.equal((await ssh(target, 'cat /etc/passwd')).code, 65);
    assert.notEqual((await ssh(target, '', ['-tt'])).code, 0);
    const forward = ['-o', 'ExitOnForwardFailure=yes', '-R', '0:127.0.0.1:22'];
    assert.notEqual((await ssh(target, 'sync:all', forward)).code, 0);
  } catch (error) {
    console.error(network.lastLines(25), sshd.service.lastLines(15));
    throw error;
  } finally {
    await sshd.service.stop();
    await network.close();
  }
});
