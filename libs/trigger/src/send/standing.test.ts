import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import {
  ACCEPTED,
  answer,
  newKey,
  sshServer,
  systemSshd,
  targetOf,
  temporaryFolder,
  untilTrue,
  type TestServerOptions,
} from './fixtures.test.ts';
import { createSsh2Sender, type Ssh2Sender, type Ssh2SenderOptions } from './ssh2-sender.ts';
import type { PushTarget } from './sender.ts';

const COMMAND = 'sync:archive:debian sync:all';
const quick = { spreadMs: 10, reopen: { minMs: 10, maxMs: 40 } };

function setUp(t: TestContext, options: Partial<Ssh2SenderOptions> = {}) {
  const folder = temporaryFolder(t);
  const userKey = newKey(folder, 'user');
  const hostKey = newKey(folder, 'host');
  const sender = createSsh2Sender({ privateKeyPath: userKey.path, standing: quick, ...options });
  t.after(() => sender.close());
  const serve = (more: Partial<TestServerOptions> = {}) =>
    sshServer(t, { hostKey, userKey, ...more });
  return { folder, userKey, sender, serve };
}

async function mustArrive(sender: Ssh2Sender, target: PushTarget): Promise<void> {
  const outcome = await sender.send(target, COMMAND, { deadlineMs: 20_000 });
  assert.equal(outcome.kind, 'replied', JSON.stringify(outcome));
}

void test('pushes to a standing target share one connection', async (t) => {
  const { sender, serve } = setUp(t);
  const server = await serve();
  const target = targetOf(server, { standing: true });
  for (let push = 0; push < 5; push += 1) await mustArrive(sender, target);
  await Promise.all([mustArrive(sender, target), mustArrive(sender, target)]);
  assert.equal(server.accepted(), 1);
  assert.equal(server.commands.length, 7);
  assert.equal(sender.standing().open, 1);
});

void test('a target whose settings do not allow it gets a fresh connection each time', async (t) => {
  const { sender, serve } = setUp(t);
  const server = await serve();
  sender.stand([targetOf(server)]);
  await mustArrive(sender, targetOf(server));
  await mustArrive(sender, targetOf(server));
  assert.equal(server.accepted(), 2);
  await untilTrue(() => server.open() === 0);
  assert.deepEqual(sender.standing(), { wanted: 0, open: 0, opening: 0 });
});

void test('a connection that was cut between pushes is replaced within the push', async (t) => {
  const { sender, serve } = setUp(t);
  const server = await serve();
  const target = targetOf(server, { standing: true });
  await mustArrive(sender, target);
  server.cutAll();
  await mustArrive(sender, target); // Perhaps before the cut has reached us, perhaps after.
  await untilTrue(() => server.open() === 1);
  assert.equal(server.accepted(), 2);
});

void test('a connection that has gone dead without a word costs a part of the deadline', async (t) => {
  const { sender, serve } = setUp(t);
  const server = await serve();
  const target = targetOf(server, { standing: true });
  await mustArrive(sender, target);
  server.freezeAll();
  const outcome = await sender.send(target, COMMAND, { deadlineMs: 3_000 });
  assert.equal(outcome.kind, 'replied', JSON.stringify(outcome));
  assert.equal(server.accepted(), 2);
});

void test('a connection that dies under a push is replaced once', async (t) => {
  const { sender, serve } = setUp(t);
  let restarts = 1;
  const server = await serve({
    onExec(channel) {
      if (server.commands.length > 1 && restarts-- > 0) server.cutAll();
      else answer(channel);
    },
  });
  const target = targetOf(server, { standing: true });
  await mustArrive(sender, target);
  await mustArrive(sender, target);
  restarts = 2;
  const outcome = await sender.send(target, COMMAND, { deadlineMs: 20_000 });
  assert.equal(outcome.kind, 'unreachable');
});

void test('stand opens connections ahead of the first push, and again when one is lost', async (t) => {
  const { sender, serve } = setUp(t);
  const [one, two] = [await serve(), await serve()];
  const targets = [one, two].map((server) => targetOf(server, { standing: true }));
  sender.stand(targets);
  await untilTrue(() => sender.standing().open === 2);
  for (const target of targets) await mustArrive(sender, target);
  assert.equal(one.accepted() + two.accepted(), 2);
  one.cutAll();
  await untilTrue(() => one.accepted() === 2 && sender.standing().open === 2);
  assert.equal(two.accepted(), 1);
});

void test('a host that comes back is found again without a push', async (t) => {
  const { sender, serve } = setUp(t);
  const server = await serve();
  sender.stand([targetOf(server, { standing: true })]);
  await untilTrue(() => sender.standing().open === 1);
  await server.stop();
  await untilTrue(() => sender.standing().open === 0);
  const back = await serve({ port: server.port });
  await untilTrue(() => sender.standing().open === 1);
  assert.equal(back.accepted(), 1);
});

void test('a target that is no longer wanted is not opened again', async (t) => {
  const { sender, serve } = setUp(t);
  const server = await serve();
  sender.stand([targetOf(server, { standing: true })]);
  await untilTrue(() => sender.standing().open === 1);
  sender.stand([]);
  server.cutAll();
  await untilTrue(() => sender.standing().open === 0);
  assert.deepEqual(sender.standing(), { wanted: 0, open: 0, opening: 0 });
});

void test('the cap holds: the least recently used goes, the wanted ones stay', async (t) => {
  const { sender, serve } = setUp(t, { standing: { ...quick, cap: 2 } });
  const servers = [await serve(), await serve(), await serve()];
  const [a, b, c] = servers.map((server) => targetOf(server, { standing: true }));
  assert.ok(a && b && c);
  for (const target of [a, b, a, c]) await mustArrive(sender, target);
  assert.equal(sender.standing().open, 2);
  await untilTrue(() => servers[1]?.open() === 0); // b was the least recently used.
  sender.stand([a, b, c]); // Only the first two fit.
  assert.equal(sender.standing().wanted, 2);
  await untilTrue(() => servers[1]?.open() === 1);
  await mustArrive(sender, c);
  await mustArrive(sender, c);
  await untilTrue(() => servers.map((server) => server.open()).join() === '1,1,0');
});

void test('a connection that is not used for long is closed', async (t) => {
  const { sender, serve } = setUp(t, { standing: { ...quick, idleMs: 50 } });
  const server = await serve();
  await mustArrive(sender, targetOf(server, { standing: true }));
  assert.equal(sender.standing().open, 1);
  await untilTrue(() => server.open() === 0);
  assert.equal(sender.standing().open, 0);
});

void test('keepalives find a connection that is dead', async (t) => {
  const { sender, serve } = setUp(t, { keepaliveMs: 20 });
  const server = await serve();
  await mustArrive(sender, targetOf(server, { standing: true }));
  server.freezeAll();
  await untilTrue(() => sender.standing().open === 0);
});

void test('nothing is left open after close', async (t) => {
  const { sender, serve } = setUp(t);
  const [one, two] = [await serve(), await serve()];
  await mustArrive(sender, targetOf(one, { standing: true }));
  sender.stand([targetOf(two, { standing: true })]);
  await sender.close();
  await untilTrue(() => one.open() + two.open() === 0);
  assert.deepEqual(sender.standing(), { wanted: 0, open: 0, opening: 0 });
});

void test("against the system's sshd: pushes share a connection, and a cut one is replaced", async (t) => {
  const { folder, userKey, sender } = setUp(t);
  const sshd = await systemSshd(t, folder, {
    userKey,
    forcedCommand: `printf '%s' '${ACCEPTED}'`,
  });
  const target = targetOf(sshd, { user: sshd.user, standing: true });
  for (let push = 0; push < 3; push += 1) await mustArrive(sender, target);
  assert.equal(sshd.connections(), 1);
  sshd.cutAll();
  await mustArrive(sender, target);
  assert.equal(sshd.connections(), 2);
});
