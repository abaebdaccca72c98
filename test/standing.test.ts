import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { agentProgram, appArgv } from './harness/app.ts';
import { createNetwork, type Network } from './harness/network.ts';
import { buildPlainTree } from './harness/plain-tree.ts';
import { createSshd } from './harness/sshd.ts';
import { createTcpProxy } from './harness/tcp-proxy.ts';
import { waitFor } from './harness/wait.ts';

let releases = 0;

/** Something new, pushed to everybody. */
async function publish({ master, tree }: Network) {
  releases += 1;
  await writeFile(join(tree('debian'), `news-${releases}`), `release ${releases}`);
  const published = await master.publish('debian', '--wait', '100%', '--timeout', '60s');
  assert.equal(published.mirrors.committed, published.mirrors.total);
}

void test('one connection carries every push; a dead one is replaced; it can be switched off', async () => {
  const network = await createNetwork({ hubs: 0 });
  const proxy = await createTcpProxy(0);
  try {
    const mirror = await network.addMirror('mirror', { sshPort: proxy.port });
    proxy.setTarget(mirror.sshPort);
    await buildPlainTree(network.tree('debian'), { files: 20 });
    await network.start();
    await network.master.service.restart();
    await waitFor(() => proxy.connections() === 1, {
      deadlineMs: 20_000,
      describe: 'the master connects',
    });
    for (let times = 0; times < 3; times += 1) await publish(network);
    assert.equal(proxy.connections(), 1, 'three releases over one connection');

    proxy.setMode('pass'); // Resets what is open.
    await publish(network);
    const after = proxy.connections();
    assert.ok(
      after === 2 || after === 3,
      `${after}: another one, perhaps also from the background`,
    );
    await publish(network);
    assert.equal(proxy.connections(), after);

    const off = await network.master.command('mirror', 'set', 'mirror', '--standing', 'off');
    assert.equal(off.code, 0, off.stderr);
    await publish(network);
    await publish(network);
    assert.equal(proxy.connections(), after + 2, 'each push has a connection of its own');
  } catch (error) {
    console.error(network.lastLines(25));
    throw error;
  } finally {
    await proxy.close();
    await network.close();
  }
});

void test('a hub keeps connections to its downstreams', async () => {
  const network = await createNetwork({ hubs: 1, leavesPerHub: 0 });
  const proxy = await createTcpProxy(0);
  try {
    const [hub] = network.hubs;
    assert.ok(hub);
    const leaf = await network.addMirror('leaf', { upstream: hub, sshPort: proxy.port });
    proxy.setTarget(leaf.sshPort);
    await buildPlainTree(network.tree('debian'), { files: 20 });
    await network.start();
    await waitFor(() => proxy.connections() === 1, {
      deadlineMs: 20_000,
      describe: 'the hub connects',
    });
    await publish(network);
    await publish(network);
    assert.equal(proxy.connections(), 1);
  } catch (error) {
    console.error(network.lastLines(25));
    throw error;
  } finally {
    await proxy.close();
    await network.close();
  }
});

void test('the same with the system sshd and a forced command', async () => {
  const network = await createNetwork({ hubs: 0 });
  const sshd = await createSshd(join(network.folder, 'sshd'));
  const proxy = await createTcpProxy(sshd.port);
  try {
    const mirror = await network.addMirror('mirror', {
      sshPort: proxy.port,
      sshUser: sshd.user,
      hostKey: sshd.hostKey,
    });
    await mirror.configure((settings) => {
      delete settings['ssh_server'];
    });
    const line = mirror.kit().authorizedKeys.trim();
    await sshd.authorize([
      line
        .replace('/usr/bin/mirror-agent', appArgv(agentProgram).join(' '))
        .replace('/etc/pushmirror/mirror-agent.toml', mirror.config),
    ]);
    await sshd.service.start();
    await buildPlainTree(network.tree('debian'), { files: 20 });
    await network.start();
    await network.master.service.restart();
    await waitFor(() => proxy.connections() === 1, {
      deadlineMs: 20_000,
      describe: 'the master connects',
    });
    for (let times = 0; times < 3; times += 1) await publish(network);
    assert.equal(proxy.connections(), 1, 'three releases over one connection');
  } catch (error) {
    console.error(network.lastLines(25), sshd.service.lastLines(15));
    throw error;
  } finally {
    await proxy.close();
    await sshd.service.stop();
    await network.close();
  }
});
