import assert from 'node:assert/strict';
import { mock, test, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createFanOut } from './fan-out.ts';
import { createPullGate } from './pull-gate.ts';
import type { Priority, Push, PushNews } from './push.ts';
import type { Outcome, Sender } from '../send/sender.ts';

/** A fan-out with slots; mirrors take every head, but those in `hung` never answer. */
function setUp(t: TestContext, limit: number, hung: readonly string[] = []) {
  const timers = mock.timers;
  timers.enable({ apis: ['setTimeout', 'Date'], now: new Date('2026-11-21T10:00:00Z') });
  const told: string[] = [];
  const news = new Map<string, PushNews['state']>();
  const sender: Sender = {
    async send({ mirror }, _command, { signal }): Promise<Outcome> {
      if (hung.includes(mirror)) {
        await new Promise((resolve) => signal?.addEventListener('abort', resolve));
        return { kind: 'unreachable', reason: 'cancelled' };
      }
      told.push(mirror);
      return { kind: 'replied', exitCode: 0, reply: { result: 'accepted' } };
    },
    close: () => Promise.resolve(),
  };
  const now = () => new Date();
  const gate = createPullGate({ limitOf: () => limit, timeoutMs: 60_000, now });
  const onState = async ({ key }: Push, { state }: PushNews) => void news.set(key, state);
  const fanOut = createFanOut({ sender, gate, onState, now, random: () => 0 });
  t.after(async () => {
    await fanOut.close();
    gate.close();
    timers.reset();
  });
  const push = (mirror: string, priority: Priority = 'healthy', upstream = 'hub') =>
    fanOut.push({
      key: mirror,
      target: { mirror, host: mirror, port: 22, user: 'mirror', hostKey: 'ssh-ed25519 AAAA' },
      command: 'sync:all',
      attempts: 0,
      priority,
      upstream,
    });
  const settle = async () => {
    for (let turns = 0; turns < 20; turns += 1) await turn();
  };
  const pass = async (ms: number) => {
    timers.tick(ms);
    await settle();
  };
  return { gate, fanOut, push, told, news, settle, pass };
}

void test('only as many are told as there are slots; whoever is done makes room', async (t) => {
  const { gate, push, told, settle } = setUp(t, 2);
  for (const mirror of ['a', 'b', 'c', 'd']) push(mirror);
  await settle();
  assert.deepEqual(told, ['a', 'b']);
  assert.deepEqual(
    gate.waiting().map(({ key }) => key),
    ['c', 'd'],
  );
  gate.leave('a');
  await settle();
  assert.deepEqual(told, ['a', 'b', 'c']);
  push('e', 'healthy', 'elsewhere');
  push('f', 'urgent');
  await settle();
  assert.deepEqual(told.slice(3).toSorted(), ['e', 'f']);
});

void test('a slot whose mirror is never heard of again times out', async (t) => {
  const { push, told, settle, pass } = setUp(t, 1);
  push('a');
  push('b');
  await settle();
  await pass(59_999);
  assert.deepEqual(told, ['a']);
  await pass(1);
  assert.deepEqual(told, ['a', 'b']);
});

void test('an attempt without an answer makes room for others, and comes after them', async (t) => {
  const { push, told, news, settle, pass, gate } = setUp(t, 1, ['dead']);
  push('dead');
  push('a');
  await settle();
  assert.deepEqual(told, []);
  await pass(2_000);
  assert.deepEqual(told, ['a']);
  assert.equal(news.get('dead'), 'unreachable');
  await pass(1);
  assert.deepEqual(
    gate.waiting().map(({ key, priority }) => [key, priority]),
    [['dead', 'suspect']],
  );
});

void test('a push that is cancelled in line or in its attempt gives its slot back', async (t) => {
  const { fanOut, push, told, settle, gate } = setUp(t, 1, ['dead']);
  push('dead');
  push('a');
  push('b');
  await settle();
  fanOut.cancel('a');
  fanOut.cancel('dead');
  await settle();
  assert.deepEqual(told, ['b']);
  fanOut.cancel('b');
  push('c');
  await settle();
  assert.deepEqual(told, ['b'], 'a mirror that pulls keeps its slot');
  gate.leave('b');
  await settle();
  assert.deepEqual(told, ['b', 'c']);
});

void test('a mirror that asks by itself gets a slot, or a time to ask again', async (t) => {
  const { gate, push, told, settle } = setUp(t, 2);
  const asks = (mirror: string) =>
    gate.ask({ key: `poll ${mirror}`, upstream: 'hub', mirror, priority: 'healthy' });
  gate.holds({ key: 'x', upstream: 'hub', mirror: 'x', priority: 'healthy' }, new Date());
  assert.deepEqual(asks('x'), { go: true });
  assert.deepEqual(asks('a'), { go: true });
  assert.deepEqual(asks('b'), { go: false, limit: 2, retryAfterMs: 60_000 });
  push('c');
  await settle();
  assert.deepEqual(told, []);
  gate.leave('poll a');
  assert.equal(asks('b').go, false, 'c was first');
  await settle();
  assert.deepEqual(told, ['c']);
});

void test('what is told again and what is without an upstream waits for nobody', async (t) => {
  const { gate, fanOut, push, told, settle } = setUp(t, 1);
  push('a');
  await settle();
  fanOut.push({
    key: 'again',
    target: { mirror: 'b', host: 'b', port: 22, user: 'mirror', hostKey: 'ssh-ed25519 AAAA' },
    command: 'sync:stage2',
    attempts: 0,
  });
  await settle();
  assert.deepEqual(told, ['a', 'b']);
  gate.leave('nobody');
});
