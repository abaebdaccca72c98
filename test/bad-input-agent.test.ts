import assert from 'node:assert/strict';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import type { Agent } from './harness/agent.ts';
import { agentProgram, command } from './harness/app.ts';
import { createNetwork, type Network } from './harness/network.ts';
import { failsWith } from './harness/sentence.ts';

void describe('mirror-agent answers bad input with one sentence and the right exit code:', () => {
  let network: Network;
  let agent: Agent;
  let good: string;
  before(async () => {
    network = await createNetwork({ hubs: 1, leavesPerHub: 0 });
    agent = network.hubs[0]!;
    good = await readFile(agent.config, 'utf8');
  });
  after(() => network.close());
  beforeEach(() => writeFile(agent.config, good));
  afterEach(() => agent.service.stop());

  void test('a configuration with three mistakes: all three, each with its path', async () => {
    await agent.misconfigure((settings) => {
      settings['netwrok'] = 'example';
      settings.archive[0]!['to'] = 'relative/path';
      (settings['ssh_server'] as Record<string, unknown>)['port'] = 'ssh';
    });
    const result = await agent.command('serve');
    assert.equal(result.code, 1, result.stderr);
    assert.match(result.stderr, /mirror-agent\.toml: netwrok: .*network/);
    assert.match(result.stderr, /mirror-agent\.toml: archive\[0\]\.to: expected an absolute path/);
    assert.match(result.stderr, /mirror-agent\.toml: ssh_server\.port: expected a port/);
  });

  void test('a configuration that is not TOML, or not there', async () => {
    await writeFile(agent.config, 'name = \n');
    const result = await agent.command('serve');
    assert.equal(result.code, 1);
    assert.match(result.stderr, /mirror-agent\.toml.*(line|:)\s*1/);
    const missing = await command(agentProgram, ['serve', '--config', '/nowhere/agent.toml']);
    failsWith(missing, 1, /\/nowhere\/agent\.toml/);
  });

  void test('a host key that others can read', async () => {
    const path = join(agent.folder, 'host_key');
    await chmod(path, 0o644);
    failsWith(await agent.command('serve'), 1, /host_key can be read by others.*chmod 600/);
    await chmod(path, 0o600);
  });

  void test('a push key that is not there', async () => {
    await agent.misconfigure((settings) => {
      settings['push_key'] = '/nowhere/push_key';
    });
    failsWith(await agent.command('serve'), 1, /push_key: \/nowhere\/push_key does not exist/);
  });

  void test('a port in use', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(agent.sshPort, '127.0.0.1', resolve));
    const words = new RegExp(`${agent.sshPort}.*in use`, 'i');
    failsWith(await agent.command('serve'), 1, words);
    await new Promise((resolve) => other.close(resolve));
  });

  void test('a second agent for the same state', async () => {
    await agent.service.start();
    failsWith(await agent.command('serve'), 1, /Another mirror-agent/);
  });

  void test('an unknown archive', async () => {
    await agent.service.start();
    failsWith(await agent.command('sync', 'debain'), 2, /does not carry debain/);
  });

  void test('a word that is no command', async () => {
    assert.equal((await command(agentProgram, ['srve'])).code, 2);
    assert.equal((await agent.command('sync', '--frce')).code, 2);
  });
});
