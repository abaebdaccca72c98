import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Agent } from '../harness/agent.ts';
import { createByHand, type ByHand } from '../harness/by-hand.ts';
import { triggerFor } from '../harness/forge.ts';
import type { SshTarget } from '../harness/ssh-client.ts';
import { createKeyPair } from '../harness/ssh-keys.ts';
import { tryTool } from '../harness/tool.ts';
import { foreignClients } from '../ssh-clients/clients.ts';

/** What ssh-audit warns of, and why it stays. */
const ACCEPTED_WARNINGS = new Map([
  ['hmac-sha2-256', 'dropbear has no encrypt-then-MAC'],
  ['kex-strict-s-v00@openssh.com', 'the mark against Terrapin, which older ssh-audits do not know'],
  ['curve25519-sha256', 'ssh2 has no post-quantum key exchange, of which newer ones warn'],
  ['curve25519-sha256@libssh.org', 'the same'],
]);

void describe('the embedded SSH server takes triggers from', () => {
  let hand: ByHand;
  let mirror: Agent;
  let target: SshTarget;
  let releases = 0;

  before(async () => {
    hand = await createByHand();
    mirror = await hand.addMirror('mirror');
    const first = await publish();
    await mirror.service.start();
    // Else its first poll may find what it is about to be told of.
    await hand.waitForSerial(mirror, first.head.serial);
    target = {
      port: mirror.sshPort,
      user: 'mirror',
      hostKey: mirror.hostKey,
      identity: join(hand.folder, 'upstream_key'),
      folder: hand.folder,
    };
  });
  after(() => hand.close());

  for (const { name, send, version, says } of foreignClients) {
    void test(`${name}, which gets the mirror to the release that it announces`, async (t) => {
      t.diagnostic(await version());
      const head = await publish();
      const command = triggerFor(head, 'debian');
      const answer = await send(target, command);
      assert.equal(answer.code, 0, `${answer.stdout}${answer.stderr}`);
      const { serial } = head.head;
      const reply = JSON.parse(answer.stdout) as { result: string; serial: number };
      assert.deepEqual([reply.result, reply.serial], ['accepted', serial]);
      await hand.waitForSerial(mirror, serial);

      const again = await send(target, command);
      assert.match(again.stdout, /^\{"result":"duplicate"/);
      assert.equal(again.code, 0);
      const other = await send(target, 'id');
      assert.match(other.stdout, /^\{"result":"malformed"/);
      assert.equal(other.code, 65, 'the exit code reaches the caller');
    });

    void test(`${name} with a key that is not a peer's, not at all`, async () => {
      const { path: identity } = await createKeyPair(join(hand.folder, `stranger-${name}`));
      const answer = await send({ ...target, identity }, 'sync:archive:debian sync:all');
      assert.notEqual(answer.code, 0);
      assert.match(answer.stderr, says.noEntry);
    });

    void test(`${name} only when the server shows its host key`, async () => {
      const { publicKey: hostKey } = await createKeyPair(join(hand.folder, `other-host-${name}`));
      const answer = await send({ ...target, hostKey }, 'sync:archive:debian sync:all');
      assert.notEqual(answer.code, 0);
      assert.match(answer.stderr, says.otherHost);
    });
  }

  void test('ssh-audit finds no failure in it, and no warning but those looked at', async (t) => {
    const audit = ['ssh-audit', '-n', '-p', `${mirror.sshPort}`, '127.0.0.1'] as const;
    const { code, stdout } = await tryTool([...audit]);
    // 0: nothing, 2: warnings, 3: failures, 1 and -1: it did not get so far.
    assert.match(stdout, /\(key\) ssh-ed25519/);
    assert.equal(stdout.includes('[fail]'), false, stdout);
    assert.equal(code === 0 || code === 2, true, `ssh-audit ended with ${code}:\n${stdout}`);
    const warned = [...stdout.matchAll(/^\(\w+\) (\S+) .*\[warn\]/gm)].map(([, one]) => one ?? '');
    t.diagnostic(`warned of: ${warned.join(', ')}`);
    const unknown = warned.filter((one) => !ACCEPTED_WARNINGS.has(one));
    assert.deepEqual(unknown, [], stdout);
  });

  async function publish() {
    releases += 1;
    await writeFile(join(hand.tree, 'news'), `release ${releases}`);
    const head = await hand.publish();
    await hand.show(head);
    return head;
  }
});
