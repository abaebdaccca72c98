import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fingerprint, parsePublicKey } from '@pushmirror/acl';
import {
  ACCEPTED,
  answer,
  freePort,
  fullBacklog,
  newKey,
  rawServer,
  sshServer,
  systemSshd,
  targetOf,
  temporaryFolder,
  type TestServerOptions,
} from './fixtures.test.ts';
import { knownHostsLine } from './known-hosts.ts';
import { createOpensshSender } from './openssh-sender.ts';
import type { Outcome } from './sender.ts';

const COMMAND = 'sync:archive:debian sync:all';

function setUp(t: TestContext) {
  const folder = temporaryFolder(t);
  const userKey = newKey(folder, 'user');
  const hostKey = newKey(folder, 'host');
  // A folder whose name would go wrong if ssh or a shell read it as anything but a name.
  const stateDir = join(folder, 'state %h $HOME "x"');
  const sender = createOpensshSender({ privateKeyPath: userKey.path, stateDir });
  t.after(() => sender.close());
  const serve = (options: Partial<TestServerOptions> = {}) =>
    sshServer(t, { hostKey, userKey, ...options });
  return { folder, stateDir, userKey, hostKey, sender, serve };
}

function reasonOf(outcome: Outcome, kind: 'unreachable' | 'rejected'): string {
  assert.equal(outcome.kind, kind, JSON.stringify(outcome));
  return 'reason' in outcome ? outcome.reason : '';
}

void test("a trigger reaches the system's sshd and its reply comes back", async (t) => {
  const { folder, stateDir, userKey, hostKey, sender } = setUp(t);
  const sshd = await systemSshd(t, folder, {
    userKey,
    forcedCommand: `test "$SSH_ORIGINAL_COMMAND" = "${COMMAND}" || exit 65
printf '%s' '${ACCEPTED}'`,
  });
  const target = targetOf(sshd, { user: sshd.user });
  const outcome = await sender.send(target, COMMAND, { deadlineMs: 20_000 });
  const reply = { result: 'accepted', archive: 'debian', serial: 2026112101 };
  assert.deepEqual(outcome, { kind: 'replied', reply, exitCode: 0 });

  const [file = ''] = readdirSync(stateDir);
  const written = readFileSync(join(stateDir, file), 'utf8');
  assert.equal(written, `[127.0.0.1]:${sshd.port} ${parsePublicKey(sshd.hostKey).line}\n`);

  const elsewhere = targetOf(sshd, { user: sshd.user, hostKey: hostKey.line });
  const reason = reasonOf(
    await sender.send(elsewhere, COMMAND, { deadlineMs: 20_000 }),
    'rejected',
  );
  assert.ok(reason.includes(fingerprint(parsePublicKey(hostKey.line).blob)), reason);
  assert.ok(reason.includes(fingerprint(parsePublicKey(sshd.hostKey).blob)), reason);

  const otherKey = newKey(folder, 'stranger');
  const stranger = createOpensshSender({ privateKeyPath: otherKey.path, stateDir });
  t.after(() => stranger.close());
  const refused = await stranger.send(target, COMMAND, { deadlineMs: 20_000 });
  assert.match(reasonOf(refused, 'rejected'), /refused our key for the user/);
});

void test('the embedded kind of server is as good, and refusals keep their exit code', async (t) => {
  const { sender, serve } = setUp(t);
  const server = await serve({
    onExec: (channel) => answer(channel, '{"result":"busy","reason":"later"}\n', 75),
  });
  const outcome = await sender.send(targetOf(server), COMMAND, { deadlineMs: 20_000 });
  const reply = { result: 'busy', reason: 'later' };
  assert.deepEqual(outcome, { kind: 'replied', reply, exitCode: 75 });
  assert.deepEqual(server.commands, [COMMAND]);
});

void test('a stock mirror answers with an exit code; an agent must say more', async (t) => {
  const { sender, serve } = setUp(t);
  const server = await serve({
    onExec(channel) {
      channel.write('unable to start rsync, lock file still exists\n');
      channel.exit(1);
      channel.end();
    },
  });
  const stock = await sender.send(targetOf(server, { kind: 'ftpsync' }), COMMAND, {
    deadlineMs: 20_000,
  });
  const output = 'unable to start rsync, lock file still exists';
  assert.deepEqual(stock, { kind: 'ended', exitCode: 1, output });
  const agent = await sender.send(targetOf(server), COMMAND, { deadlineMs: 20_000 });
  assert.match(reasonOf(agent, 'unreachable'), /is no reply \(exit code 1: "unable to start/);
});

void test('a changed host key of another type is rejected', async (t) => {
  const { folder, sender, serve, hostKey } = setUp(t);
  const server = await serve({ hostKey: newKey(folder, 'other', 'ecdsa') });
  const target = targetOf(server, { hostKey: hostKey.line });
  const reason = reasonOf(await sender.send(target, COMMAND, { deadlineMs: 20_000 }), 'rejected');
  assert.match(reason, /but SHA256:\S+ is pinned/);
  assert.deepEqual(server.commands, []);
});

void test('each way to be dead has its words', async (t) => {
  const { sender, hostKey, serve } = setUp(t);
  const ways: [RegExp, number, { port: number; host?: string }][] = [
    [/refused the connection/, 3_000, { port: await freePort() }],
    [/has no address/, 3_000, { port: 22, host: 'mirror.invalid' }],
    [/did not answer the connection attempt within 1\.0 s/, 3_000, await fullBacklog(t)],
    [/sent no SSH banner within 1\.0 s/, 3_000, await rawServer(t, () => {})],
    [
      /stalled, in the handshake or after it/,
      1_500,
      await rawServer(t, (socket) => {
        socket.write('SSH-2.0-slow\r\n');
      }),
    ],
    [
      /answered with something that is not SSH/,
      3_000,
      await rawServer(t, (socket) => {
        socket.write('x'.repeat(20_000));
      }),
    ],
    [
      /closed the connection during the handshake/,
      3_000,
      await rawServer(t, (socket) => {
        socket.end();
      }),
    ],
    [/stalled, in the handshake or after it/, 1_500, await serve({ onExec: () => {} })],
  ];
  await Promise.all(
    ways.map(async ([words, deadlineMs, server]) => {
      const target = targetOf(
        { hostKey: hostKey.line, ...server },
        { host: server.host ?? '127.0.0.1' },
      );
      const outcome = await sender.send(target, COMMAND, { deadlineMs });
      assert.match(reasonOf(outcome, 'unreachable'), words);
    }),
  );
});

void test('an endless answer is cut off, and so is an attempt that is cancelled', async (t) => {
  const { sender, serve } = setUp(t);
  const server = await serve({
    onExec(channel) {
      const pour = () => {
        while (channel.writable && channel.write('y'.repeat(1_000)));
        if (channel.writable) channel.once('drain', pour);
      };
      pour();
    },
  });
  const endless = await sender.send(targetOf(server), COMMAND, { deadlineMs: 20_000 });
  assert.match(reasonOf(endless, 'unreachable'), /answered with more than 4096 bytes/);

  const silent = await rawServer(t, () => {});
  const abort = new AbortController();
  const target = targetOf({ ...silent, hostKey: server.hostKey });
  const attempt = sender.send(target, COMMAND, { deadlineMs: 60_000, signal: abort.signal });
  setTimeout(() => abort.abort(), 20);
  assert.match(reasonOf(await attempt, 'unreachable'), /was cancelled/);
});

void test('nothing that is no host, user, port or trigger reaches a command line', async (t) => {
  const { folder, stateDir, sender, hostKey } = setUp(t);
  const proof = join(folder, 'proof');
  const { port, connections } = await rawServer(t, () => {});
  const server = { port, hostKey: hostKey.line };
  for (const more of [
    { host: `-oProxyCommand=touch ${proof}` },
    { user: `-oProxyCommand=touch ${proof}` },
    { port: 70_000 },
    { hostKey: 'ssh-ed25519 AAAA' },
  ]) {
    const outcome = await sender.send(targetOf(server, more), COMMAND, { deadlineMs: 2_000 });
    assert.match(reasonOf(outcome, 'rejected'), /^mirror1 cannot be pushed/);
  }
  const odd = await sender.send(targetOf(server), 'sync:all\nProxyCommand', { deadlineMs: 2_000 });
  assert.equal(odd.kind, 'rejected');
  assert.equal(connections(), 0);
  assert.ok(!existsSync(proof) && !existsSync(stateDir));
});

void test('a private key that others can read is refused at once', (t) => {
  const { userKey, stateDir } = setUp(t);
  chmodSync(userKey.path, 0o640);
  assert.throws(() => createOpensshSender({ privateKeyPath: userKey.path, stateDir }), {
    code: 'secret-exposed',
  });
});

void test('known_hosts lines have the forms that ssh looks for', (t) => {
  const { hostKey } = setUp(t);
  const key = parsePublicKey(hostKey.line).line;
  const line = (host: string, port: number) =>
    knownHostsLine(targetOf({ port, hostKey: `${hostKey.line} root@master` }, { host }));
  assert.equal(line('mirror1.example.org', 22), `mirror1.example.org ${key}\n`);
  assert.equal(line('mirror1.example.org', 2222), `[mirror1.example.org]:2222 ${key}\n`);
  assert.equal(line('2001:db8::1', 2222), `[2001:db8::1]:2222 ${key}\n`);
});
