import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { formatTrigger, type Head, type SignedHead } from '@pushmirror/trigger';
import type { Agent } from './harness/agent.ts';
import { forge, headOf, triggerFor } from './harness/forge.ts';
import { createNetwork, type Network } from './harness/network.ts';
import { ssh, type SshAnswer } from './harness/ssh-client.ts';
import { createKeyPair } from './harness/ssh-keys.ts';

const HOUR = 3_600_000;

void describe('an agent refuses, with a reason of its own and an audit entry,', () => {
  let network: Network;
  let leaf: Agent;
  let first: SignedHead;
  let current: SignedHead;

  before(async () => {
    network = await createNetwork({ hubs: 0, archives: ['debian', 'other'] });
    leaf = await network.addMirror('leaf', { archives: ['debian'] });
    await network.start();
    first = await publish('one');
    current = await publish('two');
  });
  after(() => network.close());

  void test('a replayed head of an earlier release', async () => {
    await refused(triggerFor(first, 'debian'), 'rollback');
  });

  void test('a newly signed head with a lower serial', async () => {
    await refused(triggerFor(signed({ serial: current.head.serial - 50 }), 'debian'), 'rollback');
  });

  void test('a head that has expired', async () => {
    const issued = new Date(Date.now() - 2 * HOUR);
    const expires = new Date(Date.now() - HOUR);
    await refused(triggerFor(signed({ ...newer(), issued, expires }), 'debian'), 'expired');
  });

  void test('a head from the future', async () => {
    const issued = new Date(Date.now() + HOUR);
    const expires = new Date(Date.now() + 2 * HOUR);
    await refused(triggerFor(signed({ ...newer(), issued, expires }), 'debian'), 'future');
  });

  void test('a head that was changed after it was signed', async () => {
    const text = current.bytes.toString('latin1');
    const changed = text.replace(/^Serial: .*$/m, `Serial: ${current.head.serial + 1}`);
    await refused(triggerFor({ bytes: Buffer.from(changed, 'latin1') }, 'debian'), 'signature');
  });

  void test('a head that is signed with another key', async () => {
    const stranger = await createKeyPair(join(network.folder, 'stranger'));
    const head = forge(current.head, newer(), stranger.path);
    await refused(triggerFor(head, 'debian'), 'signer');
  });

  void test('a head of another network', async () => {
    await refused(triggerFor(signed({ ...newer(), network: 'elsewhere' }), 'debian'), 'network');
  });

  void test('a head of an archive that it does not carry', async () => {
    const head = signed({ ...newer(), archive: 'other' });
    await refused(triggerFor(head, 'other'), 'archive');
    await refused(triggerFor(head, 'debian'), 'archive');
  });

  void test('a second head with the same serial and another manifest', async () => {
    const manifest = { sha256: 'ab'.repeat(32), bytes: 1234 };
    await refused(triggerFor(signed({ manifest }), 'debian'), 'equivocation');
  });

  void test('a head from a peer that may not announce this archive', async () => {
    const peer = await createKeyPair(join(network.folder, 'peer'));
    await leaf.configure((settings) => {
      const from = ['192.0.2.1'];
      settings.peer.push({ name: 'elsewhere.example.org', key: peer.publicKey, from });
    });
    await leaf.service.restart();
    await refused(triggerFor(signed(newer()), 'debian'), 'peer', peer.path);
  });

  void test('anything that is not a trigger, with 65', async () => {
    const trash = ['sync:all; id', 'id', 'sync:archive:../etc sync:all', 'sync:token:AAAA'];
    for (const command of [...trash, `sync:all ${'x'.repeat(5000)}`]) {
      const answer = await send(command);
      assert.equal(answer.code, 65, `${command.slice(0, 40)}: ${answer.stdout}${answer.stderr}`);
      assert.match(answer.stdout, /^\{"result":"malformed"/);
      assert.ok(!answer.stdout.includes(command), 'nothing is echoed back');
    }
  });

  void test('a key that it does not know', async () => {
    const stranger = await createKeyPair(join(network.folder, 'unknown'));
    const answer = await send(triggerFor(current, 'debian'), stranger.path);
    assert.equal(answer.code, 255, answer.stdout);
    assert.match(answer.stderr, /Permission denied/);
  });

  void test('a shell, a subsystem and forwarding', async () => {
    assert.notEqual((await send('', undefined, ['-tt'])).code, 0);
    assert.notEqual((await send('sftp', undefined, ['-s'])).code, 0);
    const forward = ['-o', 'ExitOnForwardFailure=yes', '-R', '0:127.0.0.1:22'];
    assert.notEqual((await send('sync:all', undefined, forward)).code, 0);
  });

  void test('nothing of this: the head that it has, which is a duplicate, and it changed nothing', async () => {
    const answer = await send(triggerFor(current, 'debian'));
    assert.equal(answer.code, 0);
    assert.equal((JSON.parse(answer.stdout) as { result: string }).result, 'duplicate');
    assert.equal((await headOf(leaf.tree('debian'))).head.serial, current.head.serial);
    assert.deepEqual(await network.differences(leaf, 'debian'), []);
  });

  async function publish(content: string): Promise<SignedHead> {
    await writeFile(join(network.tree('debian'), 'file'), content);
    await network.master.publish('debian', '--wait', '100%', '--timeout', '60s');
    return headOf(network.tree('debian'));
  }

  const newer = (): Partial<Head> => ({ serial: current.head.serial + 1 });
  const signed = (changes: Partial<Head>) =>
    forge(current.head, changes, network.master.signingKey);

  function send(
    command: string,
    identity = network.master.pushKeyFile,
    options: string[] = [],
  ): Promise<SshAnswer> {
    const { sshPort: port, hostKey } = leaf;
    return ssh(
      { port, hostKey, user: 'mirror', identity, folder: network.folder },
      command,
      options,
    );
  }

  async function refused(command: string, refusal: string, identity?: string): Promise<void> {
    const before = (await leaf.audit()).length;
    const answer = await send(command, identity);
    assert.equal(answer.code, 77, `${answer.stdout}${answer.stderr}`);
    const reply = JSON.parse(answer.stdout) as { result: string; reason: string };
    assert.equal(reply.result, 'refused');
    const entries = (await leaf.audit()).slice(before);
    const entry = entries.find((one) => one['refusal'] === refusal);
    assert.ok(entry, `an audit entry with ${refusal}: ${JSON.stringify(entries)}`);
    assert.equal(entry['reason'], reply.reason);
  }
});

void test('the command of a trigger is what Debian documents', () => {
  assert.equal(formatTrigger({ archive: 'debian' }), 'sync:archive:debian sync:all');
});
