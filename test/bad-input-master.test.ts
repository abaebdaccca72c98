import assert from 'node:assert/strict';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { masterProgram, command } from './harness/app.ts';
import type { Master } from './harness/master.ts';
import { createNetwork, type Network } from './harness/network.ts';
import { failsWith } from './harness/sentence.ts';
import { createKeyPair } from './harness/ssh-keys.ts';
import { waitFor } from './harness/wait.ts';

const SSH = 'mirror@127.0.0.1:2222';

void describe('mirror-master answers bad input with one sentence and the right exit code:', () => {
  let network: Network;
  let master: Master;
  before(async () => {
    network = await createNetwork({ hubs: 1, leavesPerHub: 0 });
    master = network.master;
  });
  after(() => network.close());

  void test('an unknown archive', async () => {
    failsWith(await master.command('publish', 'debain'), 1, /archive.*debain|no such archive/i);
    const add = await addMirror('x', '--upstream', 'hub1', '--archive', 'debain');
    failsWith(add, 1, /no archive debain/i);
  });

  void test('a path that does not exist, is relative, or is no folder', async () => {
    const missing = join(network.folder, 'nowhere');
    failsWith(await master.command('archive', 'add', 'a', missing), 1, /nowhere does not exist/);
    const file = join(network.folder, 'file');
    await writeFile(file, '');
    failsWith(await master.command('archive', 'add', 'a', file), 1, /not a folder/);
  });

  void test('a path inside another archive, or around one', async () => {
    const inside = join(network.tree('debian'), 'pool');
    await mkdir(inside);
    failsWith(await master.command('archive', 'add', 'a', inside), 1, /inside the archive debian/);
    const around = join(network.tree('debian'), '..');
    failsWith(await master.command('archive', 'add', 'a', around), 1, /around the archive debian/);
  });

  void test('a name that no archive can have', async () => {
    const result = await master.command('archive', 'add', '../etc', network.folder);
    failsWith(result, 1, /not a name for an archive/);
  });

  void test('an upstream that would make a circle', async () => {
    failsWith(await addMirror('self', '--upstream', 'self', '--archive', 'debian'), 1, /circle/);
  });

  void test('an upstream that is not there, and one that is no hub', async () => {
    const unknown = await addMirror('leaf', '--upstream', 'hbu1', '--archive', 'debian');
    failsWith(unknown, 1, /no mirror hbu1/);
    assert.equal((await addMirror('plain', '--archive', 'debian')).code, 0);
    const below = await addMirror('leaf', '--upstream', 'plain', '--archive', 'debian');
    failsWith(below, 1, /no push key/);
  });

  void test('a host key that is none, or too weak', async () => {
    const none = await addMirrorWith('k', 'ssh-ed25519 AAAA', '--archive', 'debian');
    failsWith(none, 1, /host key/);
  });

  void test('a word that is no command, an option that is missing', async () => {
    for (const args of [['pubish', 'debian'], ['publish'], ['publish', 'debian', '--wiat']]) {
      const result = await command(masterProgram, args);
      assert.equal(result.code, 2, `${args.join(' ')}: ${result.stdout}${result.stderr}`);
    }
  });

  void test('a configuration with three mistakes: all three, each with its path', async () => {
    const config = join(network.folder, 'three.toml');
    const good = await readFile(master.config, 'utf8');
    const bad = good
      .replace(/^network = .*$/m, 'network = "No Name"\nnetwrok = "x"')
      .replace(/^attempt_deadline = .*$/m, 'attempt_deadline = "soon"');
    await writeFile(config, bad);
    const result = await command(masterProgram, ['serve', '--config', config]);
    assert.equal(result.code, 1, result.stderr);
    assert.match(result.stderr, /three\.toml: network: expected /);
    assert.match(result.stderr, /three\.toml: netwrok: .*network/);
    assert.match(result.stderr, /three\.toml: push\.attempt_deadline: expected a duration/);
  });

  void test('a configuration that is not there', async () => {
    const result = await command(masterProgram, ['serve', '--config', '/nowhere/master.toml']);
    failsWith(result, 1, /\/nowhere\/master\.toml/);
  });

  void test('a master that does not run', async () => {
    await master.service.stop();
    failsWith(
      await master.command('publish', 'debian'),
      1,
      /No master answers.*mirror-master serve/,
    );
    await master.service.start();
  });

  void test('a second master for the same state, and a port in use', async () => {
    failsWith(await master.command('serve'), 1, /Another mirror-master is running/);
    await master.service.stop();
    const port = Number(new URL(master.url).port);
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    failsWith(await master.command('serve'), 1, new RegExp(`${port}.*in use`, 'i'));
    await new Promise((resolve) => other.close(resolve));
    await master.service.start();
  });

  void test('a signing key that others can read, and one that is gone', async () => {
    await master.service.stop();
    await chmod(master.signingKey, 0o644);
    failsWith(await master.command('serve'), 1, /can be read by others.*chmod 600/);
    await chmod(master.signingKey, 0o600);
    const gone = join(network.folder, 'gone.toml');
    const text = await readFile(master.config, 'utf8');
    await writeFile(gone, text.replace(master.signingKey, '/nowhere/signing_key'));
    const result = await command(masterProgram, ['serve', '--config', gone]);
    failsWith(result, 1, /\/nowhere\/signing_key does not exist/);
    await master.service.start();
  });

  void test('a mirror whose host key changed is not pushed, and the reason is told', async () => {
    const hub = network.hubs[0]!;
    const other = await createKeyPair(join(network.folder, 'other_host_key'));
    await hub.configure((settings) => {
      Object.assign(settings['ssh_server'] as object, { host_key: other.path });
    });
    await hub.service.start();
    await writeFile(join(network.tree('debian'), 'file'), 'x');
    const { serial } = await master.publish('debian');
    const push = async () =>
      (await master.pushes('debian', serial)).find(({ mirror }) => mirror === hub.name);
    await waitFor(async () => /host key/i.test((await push())?.reason ?? ''), {
      deadlineMs: 20_000,
      describe: async () => `the push names the host key: ${JSON.stringify(await push())}`,
    });
    assert.ok(['unreachable', 'refused'].includes((await push())?.state ?? ''));
    const waited = await master.command('publish', 'debian', '--wait', '100%', '--timeout', '5s');
    assert.equal(waited.code, 3, waited.stdout + waited.stderr);
  });

  const addMirror = async (name: string, ...flags: string[]) =>
    addMirrorWith(name, network.hubs[0]!.hostKey, ...flags);
  const addMirrorWith = (name: string, hostKey: string, ...flags: string[]) =>
    master.command('mirror', 'add', name, '--ssh', SSH, '--host-key', hostKey, ...flags);
});
