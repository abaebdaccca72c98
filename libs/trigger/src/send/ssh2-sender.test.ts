import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
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
import type { Outcome } from './sender.ts';
import { createSsh2Sender } from './ssh2-sender.ts';

const COMMAND = 'sync:archive:debian sync:all';

function setUp(t: TestContext) {
  const folder = temporaryFolder(t);
  const userKey = newKey(folder, 'user');
  const hostKey = newKey(folder, 'host');
  const sender = createSsh2Sender({ privateKeyPath: userKey.path });
  t.after(() => sender.close());
  const serve = (options: Partial<TestServerOptions> = {}) =>
    sshServer(t, { hostKey, userKey, ...options });
  return { folder, userKey, hostKey, sender, serve };
}

function reasonOf(outcome: Outcome, kind: 'unreachable' | 'rejected'): string {
  assert.equal(outcome.kind, kind, JSON.stringify(outcome));
  return 'reason' in outcome ? outcome.reason : '';
}

void test('a trigger arrives as it was sent, and the reply comes back', async (t) => {
  const { sender, serve } = setUp(t);
  const server = await serve();
  const outcome = await sender.send(targetOf(server), COMMAND, { deadlineMs: 20_000 });
  assert.deepEqual(server.commands, [COMMAND]);
  const reply = { result: 'accepted', archive: 'debian', serial: 2026112101 };
  assert.deepEqual(outcome, { kind: 'replied', reply, exitCode: 0 });
  assert.equal(server.accepted(), 1);
});

for (const type of ['ecdsa', 'rsa']) {
  void test(`a host with a key of type ${type} is trusted by its pin`, async (t) => {
    const { folder, sender, serve } = setUp(t);
    const server = await serve({ hostKey: newKey(folder, type, type) });
    const outcome = await sender.send(targetOf(server), COMMAND, { deadlineMs: 20_000 });
    assert.equal(outcome.kind, 'replied', JSON.stringify(outcome));
  });
}

void test('a refusal comes back with its reason and exit code', async (t) => {
  const { sender, serve } = setUp(t);
  const server = await serve({
    onExec: (channel) => answer(channel, '{"result":"refused","reason":"not yours"}\n', 77),
  });
  const outcome = await sender.send(targetOf(server), COMMAND, { deadlineMs: 20_000 });
  const reply = { result: 'refused', reason: 'not yours' };
  assert.deepEqual(outcome, { kind: 'replied', reply, exitCode: 77 });
});

void test('a stock mirror answers with no more than an exit code', async (t) => {
  const { sender, serve } = setUp(t);
  const server = await serve({
    onExec(channel) {
      channel.stderr.write('Unable to create lock file\n');
      channel.exit(1);
      channel.end();
    },
  });
  const target = targetOf(server, { kind: 'ftpsync' });
  const outcome = await sender.send(target, COMMAND, { deadlineMs: 20_000 });
  assert.deepEqual(outcome, { kind: 'ended', exitCode: 1, output: 'Unable to create lock file' });
});

void test('a port where nothing listens: refused', async (t) => {
  const { sender, hostKey } = setUp(t);
  const target = targetOf({ port: await freePort(), hostKey: hostKey.line });
  const outcome = await sender.send(target, COMMAND, { deadlineMs: 20_000 });
  assert.match(reasonOf(outcome, 'unreachable'), /refused the connection/);
});

void test('a name without an address', async (t) => {
  const { sender, hostKey } = setUp(t);
  const target = targetOf({ port: 22, hostKey: hostKey.line }, { host: 'mirror.invalid' });
  const outcome = await sender.send(target, COMMAND, { deadlineMs: 20_000 });
  assert.match(reasonOf(outcome, 'unreachable'), /^The name mirror\.invalid has no address/);
});

void test('a listener whose queue is full does not answer the connection: black-holed', async (t) => {
  const { sender, hostKey } = setUp(t);
  const { port } = await fullBacklog(t);
  const target = targetOf({ port, hostKey: hostKey.line });
  const outcome = await sender.send(target, COMMAND, { deadlineMs: 500 });
  assert.match(
    reasonOf(outcome, 'unreachable'),
    /did not answer the connection attempt within 0\.5 s/,
  );
});

void test('a listener that accepts and stays silent', async (t) => {
  const { sender, hostKey } = setUp(t);
  const { port } = await rawServer(t, () => {});
  const target = targetOf({ port, hostKey: hostKey.line });
  const outcome = await sender.send(target, COMMAND, { deadlineMs: 500 });
  assert.match(reasonOf(outcome, 'unreachable'), /sent no SSH banner within 0\.5 s/);
});

void test('a host that stalls after its banner: slow in the handshake', async (t) => {
  const { sender, hostKey } = setUp(t);
  const { port } = await rawServer(t, (socket) => socket.write('SSH-2.0-slow\r\n'));
  const target = targetOf({ port, hostKey: hostKey.line });
  const outcome = await sender.send(target, COMMAND, { deadlineMs: 500 });
  assert.match(reasonOf(outcome, 'unreachable'), /did not finish the SSH handshake within 0\.5 s/);
});

void test('a host that never decides on the login', async (t) => {
  const { sender, serve } = setUp(t);
  const server = await serve({ stallLogin: true });
  const outcome = await sender.send(targetOf(server), COMMAND, { deadlineMs: 1_000 });
  assert.match(reasonOf(outcome, 'unreachable'), /did not answer the login of mirror/);
});

void test('a host that closes at once, before any banner', async (t) => {
  const { sender, hostKey } = setUp(t);
  const { port } = await rawServer(t, (socket) => socket.end());
  const target = targetOf({ port, hostKey: hostKey.line });
  const outcome = await sender.send(target, COMMAND, { deadlineMs: 20_000 });
  assert.match(reasonOf(outcome, 'unreachable'), /closed the connection during the greeting/);
});

const nonsense: Record<string, (write: (text: string) => boolean) => void> = {
  'a web server': (write) => write('HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n'),
  'an endless line': (write) => write('x'.repeat(20_000)),
  'endless lines': (write) => write('hello\r\n'.repeat(4_000)),
  'bytes at random': (write) => write('\u0000\u0001\u0002\r\u0003'),
};

for (const [name, talk] of Object.entries(nonsense)) {
  void test(`${name} is not SSH`, async (t) => {
    const { sender, hostKey } = setUp(t);
    const { port } = await rawServer(t, (socket) => {
      talk((text) => socket.write(text, 'latin1'));
      if (name === 'a web server') socket.end();
    });
    const target = targetOf({ port, hostKey: hostKey.line });
    const outcome = await sender.send(target, COMMAND, { deadlineMs: 20_000 });
    assert.match(reasonOf(outcome, 'unreachable'), /answered with something that is not SSH/);
  });
}

void test('a damaged handshake packet', async (t) => {
  const { sender, hostKey } = setUp(t);
  const { port } = await rawServer(t, (socket) => {
    socket.write('SSH-2.0-broken\r\n');
    socket.write(Buffer.alloc(64, 0xff));
  });
  const target = targetOf({ port, hostKey: hostKey.line });
  const outcome = await sender.send(target, COMMAND, { deadlineMs: 20_000 });
  assert.match(reasonOf(outcome, 'unreachable'), /sent damaged SSH packets during the handshake/);
});

for (const type of ['ed25519', 'ecdsa']) {
  void test(`a changed host key (now ${type}) is rejected, with both fingerprints`, async (t) => {
    const { folder, sender, serve, hostKey } = setUp(t);
    const other = newKey(folder, 'other', type);
    const server = await serve({ hostKey: other });
    const target = targetOf(server, { hostKey: hostKey.line });
    const reason = reasonOf(await sender.send(target, COMMAND, { deadlineMs: 20_000 }), 'rejected');
    assert.ok(reason.includes(fingerprint(parsePublicKey(hostKey.line).blob)), reason);
    assert.ok(reason.includes(fingerprint(parsePublicKey(other.line).blob)), reason);
    assert.deepEqual(server.commands, []);
  });
}

void test('a host that does not know our key', async (t) => {
  const { folder, sender, serve } = setUp(t);
  const server = await serve({ userKey: newKey(folder, 'stranger') });
  const outcome = await sender.send(targetOf(server), COMMAND, { deadlineMs: 20_000 });
  assert.match(reasonOf(outcome, 'rejected'), /refused our key for the user mirror/);
});

void test('a host that runs no command, or opens no session', async (t) => {
  const { sender, serve } = setUp(t);
  const noExec = await serve({ rejectExec: true });
  const outcome = await sender.send(targetOf(noExec), COMMAND, { deadlineMs: 20_000 });
  assert.match(reasonOf(outcome, 'rejected'), /would not run the trigger command/);
  const noSession = await serve({ rejectSessions: true });
  const other = await sender.send(targetOf(noSession), COMMAND, { deadlineMs: 20_000 });
  assert.match(reasonOf(other, 'unreachable'), /opened no session/);
});

void test('a command that never answers', async (t) => {
  const { sender, serve } = setUp(t);
  const server = await serve({ onExec: () => {} });
  const outcome = await sender.send(targetOf(server), COMMAND, { deadlineMs: 1_000 });
  assert.match(
    reasonOf(outcome, 'unreachable'),
    /let us in but did not answer the trigger within 1\.0 s/,
  );
});

void test('a command that answers and then hangs has answered', async (t) => {
  const { sender, serve } = setUp(t);
  const server = await serve({ onExec: (channel) => void channel.write(ACCEPTED) });
  const outcome = await sender.send(targetOf(server), COMMAND, { deadlineMs: 1_000 });
  assert.equal(outcome.kind, 'replied');
});

void test('a command that says something else, with what it said made harmless', async (t) => {
  const { sender, serve } = setUp(t);
  const server = await serve({
    onExec: (channel) => answer(channel, 'bash: \u001b[31mmirror-agent: "not found"\n', 127),
  });
  const outcome = await sender.send(targetOf(server), COMMAND, { deadlineMs: 20_000 });
  const reason = reasonOf(outcome, 'unreachable');
  assert.match(reason, /is no reply \(exit code 127: "bash: \[31mmirror-agent: 'not found'"\)/);
});

void test('an endless answer is cut off', async (t) => {
  const { sender, serve } = setUp(t);
  let open = true;
  const server = await serve({
    onExec(channel) {
      const pour = () => {
        while (open && channel.write('y'.repeat(1_000)));
        if (open) channel.once('drain', pour);
      };
      channel.on('close', () => (open = false));
      pour();
    },
  });
  const outcome = await sender.send(targetOf(server), COMMAND, { deadlineMs: 20_000 });
  open = false;
  assert.match(reasonOf(outcome, 'unreachable'), /answered with more than 4096 bytes/);
});

void test('a host that hangs up instead of answering', async (t) => {
  const { sender, serve } = setUp(t);
  const server = await serve({ onExec: () => server.cutAll() });
  const outcome = await sender.send(targetOf(server), COMMAND, { deadlineMs: 20_000 });
  assert.match(reasonOf(outcome, 'unreachable'), /closed the connection during the trigger/);
});

void test('an attempt ends when its signal aborts, and when the sender closes', async (t) => {
  const { sender, hostKey } = setUp(t);
  const { port } = await rawServer(t, () => {});
  const target = targetOf({ port, hostKey: hostKey.line });
  const abort = new AbortController();
  const first = sender.send(target, COMMAND, { deadlineMs: 60_000, signal: abort.signal });
  const second = sender.send(target, COMMAND, { deadlineMs: 60_000 });
  abort.abort();
  assert.match(reasonOf(await first, 'unreachable'), /was cancelled/);
  await sender.close();
  assert.match(reasonOf(await second, 'unreachable'), /was cancelled/);
  const third = await sender.send(target, COMMAND, { deadlineMs: 60_000 });
  assert.match(reasonOf(third, 'unreachable'), /was cancelled/);
});

void test('a host or user that is none is never connected to', async (t) => {
  const { sender, hostKey } = setUp(t);
  const { port, connections } = await rawServer(t, () => {});
  const server = { port, hostKey: hostKey.line };
  for (const more of [
    { host: '-oProxyCommand=touch /tmp/x' },
    { host: '127.1' },
    { user: '-l' },
    { user: 'Root User' },
    { port: 70_000 },
    { hostKey: 'ssh-dss AAAA' },
    { hostKey: '' },
  ]) {
    const outcome = await sender.send(targetOf(server, more), COMMAND, { deadlineMs: 20_000 });
    assert.match(reasonOf(outcome, 'rejected'), /^mirror1 cannot be pushed/);
  }
  assert.equal(connections(), 0);
});

void test('a private key that others can read, or that is none, is refused at once', (t) => {
  const { folder, userKey } = setUp(t);
  const noKey = join(folder, 'nokey');
  writeFileSync(noKey, 'hello\n', { mode: 0o600 });
  assert.throws(() => createSsh2Sender({ privateKeyPath: noKey }), { code: 'unusable-key' });
  const publicHalf = join(folder, 'public');
  writeFileSync(publicHalf, userKey.line, { mode: 0o600 });
  assert.throws(() => createSsh2Sender({ privateKeyPath: publicHalf }), { code: 'unusable-key' });
  chmodSync(userKey.path, 0o644);
  assert.throws(() => createSsh2Sender({ privateKeyPath: userKey.path }), {
    code: 'secret-exposed',
  });
});

void test("the system's sshd runs its forced command", async (t) => {
  const { folder, sender, userKey, hostKey } = setUp(t);
  const sshd = await systemSshd(t, folder, {
    userKey,
    forcedCommand: `test "$SSH_ORIGINAL_COMMAND" = "${COMMAND}" || exit 65
printf '%s' '${ACCEPTED}'`,
  });
  const target = targetOf(sshd, { user: sshd.user });
  const outcome = await sender.send(target, COMMAND, { deadlineMs: 20_000 });
  assert.equal(outcome.kind, 'replied', JSON.stringify(outcome));
  const wrongHost = targetOf(sshd, { user: sshd.user, hostKey: hostKey.line });
  const rejected = await sender.send(wrongHost, COMMAND, { deadlineMs: 20_000 });
  assert.match(reasonOf(rejected, 'rejected'), /showed the host key SHA256:/);
  const stranger = createSsh2Sender({ privateKeyPath: newKey(folder, 'stranger').path });
  t.after(() => stranger.close());
  const refused = await stranger.send(target, COMMAND, { deadlineMs: 20_000 });
  assert.match(reasonOf(refused, 'rejected'), /refused our key/);
});
