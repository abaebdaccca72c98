import assert from 'node:assert/strict';
import { mock, test, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createFanOut, type FanOutOptions } from './fan-out.ts';
import type { Push, PushNews } from './push.ts';
import type { Outcome, Sender } from '../send/sender.ts';
import type { Result } from '../wire/reply.ts';

type Behaviour = Result | 'dead' | 'hung' | 'stranger';

/**
 * A network in memory: each mirror behaves as it is told and keeps what it was sent. A `hung` one
 * answers nothing until its deadline or the signal, like a real one.
 */
function network(behaviours: Record<string, Behaviour> = {}) {
  const received: { mirror: string; command: string }[] = [];
  let inFlight = 0;
  let peak = 0;
  const sender: Sender = {
    async send(target, command, { deadlineMs, signal }) {
      inFlight += 1;
      peak = Math.max(peak, inFlight);
      await turn();
      const outcome = await answer(target.mirror, command, deadlineMs, signal);
      inFlight -= 1;
      return outcome;
    },
    close: () => Promise.resolve(),
  };
  function answer(mirror: string, command: string, deadlineMs: number, signal?: AbortSignal) {
    const behaviour = behaviours[mirror] ?? 'accepted';
    if (behaviour === 'hung') return hang(deadlineMs, signal);
    if (behaviour === 'dead') return unreachable('refused');
    if (behaviour === 'stranger') return { kind: 'rejected', reason: 'another key' } as const;
    received.push({ mirror, command });
    return { kind: 'replied', exitCode: 0, reply: { result: behaviour } } as const;
  }
  return { sender, behaviours, received, peak: () => peak, inFlight: () => inFlight };
}

function unreachable(reason: string): Outcome {
  return { kind: 'unreachable', reason };
}

function hang(deadlineMs: number, signal?: AbortSignal): Promise<Outcome> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(unreachable('no answer')), deadlineMs);
    const onAbort = () => {
      clearTimeout(timer);
      resolve(unreachable('cancelled'));
    };
    if (signal?.aborted) onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** A caller's database: every state in order, by key. */
function ledger() {
  const states = new Map<string, PushNews[]>();
  return {
    states,
    onState: (push: Push, news: PushNews) => {
      states.set(push.key, [...(states.get(push.key) ?? []), news]);
      return Promise.resolve();
    },
    of: (key: string) => (states.get(key) ?? []).map(({ state }) => state),
    last: (key: string) => states.get(key)?.at(-1),
  };
}

function pushTo(mirror: string, more: Partial<Push> = {}): Push {
  const target = { mirror, host: mirror, port: 22, user: 'mirror', hostKey: 'ssh-ed25519 AAAA' };
  return { key: mirror, target, command: 'sync:all', attempts: 0, ...more };
}

function setUp(
  t: TestContext,
  behaviours?: Record<string, Behaviour>,
  more: Partial<FanOutOptions> = {},
) {
  const net = network(behaviours);
  const book = ledger();
  const fanOut = createFanOut({
    sender: net.sender,
    onState: book.onState,
    backoff: { minMs: 1_000, maxMs: 8_000, factor: 2 },
    giveUpAfterMs: 60_000,
    random: () => 0,
    ...more,
  });
  t.after(() => fanOut.close());
  return { net, book, fanOut };
}

/** Time that stands still until it is told to go on; promises settle in between. */
function useFakeTime(t: TestContext) {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: Date.parse('2026-11-21T09:00:00Z') });
  t.after(() => mock.timers.reset());
  const settle = async () => {
    for (let turns = 0; turns < 20; turns += 1) await turn();
  };
  return {
    settle,
    async pass(ms: number) {
      await settle();
      mock.timers.tick(ms);
      await settle();
    },
  };
}

void test('every push is written as sending, then sent, then written as accepted', async (t) => {
  const steps: string[] = [];
  const { net, fanOut } = setUp(
    t,
    {},
    {
      onState: async (push, { state }) => {
        steps.push(`${push.key} ${state} begins, ${net.received.length} sent`);
        await turn();
        steps.push(`${push.key} ${state} durable, ${net.received.length} sent`);
      },
    },
  );
  assert.equal(fanOut.push(pushTo('a')), true);
  await fanOut.idle();
  assert.deepEqual(steps, [
    'a sending begins, 0 sent',
    'a sending durable, 0 sent',
    'a accepted begins, 1 sent',
    'a accepted durable, 1 sent',
  ]);
});

void test('a key that is on its way is not pushed twice', async (t) => {
  const { net, fanOut } = setUp(t);
  assert.equal(fanOut.push(pushTo('a')), true);
  assert.equal(fanOut.push(pushTo('a')), false);
  await fanOut.idle();
  assert.equal(net.received.length, 1);
  assert.equal(fanOut.push(pushTo('a')), true);
});

void test('urgent first, then hubs, then the healthy; suspects beside them, among the retries', async (t) => {
  const { net, fanOut } = setUp(t, {}, { concurrency: 3, retryLane: 1 });
  const priorities = ['suspect', 'healthy', 'hub', 'urgent'] as const;
  for (const priority of priorities) {
    for (const n of [1, 2, 3]) fanOut.push(pushTo(`${priority}${n}`, { priority }));
  }
  await fanOut.idle();
  const order = net.received.map(({ mirror }) => mirror.replace(/\d/, ''));
  const expected = ['urgent', 'hub', 'healthy'].flatMap((name) => [name, name, name]);
  assert.deepEqual(
    order.filter((name) => name !== 'suspect'),
    expected,
  );
  assert.deepEqual(order.slice(0, 3), ['urgent', 'urgent', 'suspect']);
  assert.equal(net.peak(), 3);
});

void test('a refusal ends a push, with the reason', async (t) => {
  const { book, fanOut } = setUp(t, { a: 'refused', b: 'malformed' });
  fanOut.push(pushTo('a'));
  fanOut.push(pushTo('b'));
  await fanOut.idle();
  assert.deepEqual(book.of('a'), ['sending', 'refused']);
  assert.deepEqual(book.of('b'), ['sending', 'refused']);
  assert.equal(book.last('a')?.reply?.result, 'refused');
});

void test('a dead mirror is tried again with growing pauses, and told when it is back', async (t) => {
  const time = useFakeTime(t);
  const { net, book, fanOut } = setUp(t, { a: 'dead' });
  fanOut.push(pushTo('a'));
  await time.settle();
  assert.deepEqual(book.of('a'), ['sending', 'unreachable']);
  assert.deepEqual(book.last('a'), {
    state: 'unreachable',
    at: new Date('2026-11-21T09:00:00Z'),
    attempts: 1,
    firstAttemptAt: new Date('2026-11-21T09:00:00Z'),
    reason: 'refused',
    nextAttemptAt: new Date('2026-11-21T09:00:01Z'),
  });
  assert.deepEqual(fanOut.counts(), { waiting: 0, sending: 0, resting: 1 });
  await time.pass(999);
  assert.equal(book.last('a')?.attempts, 1);
  await time.pass(1);
  assert.deepEqual(book.last('a')?.nextAttemptAt, new Date('2026-11-21T09:00:03Z'));
  await time.pass(2_000);
  assert.deepEqual(book.last('a')?.nextAttemptAt, new Date('2026-11-21T09:00:07Z'));
  net.behaviours['a'] = 'accepted';
  await time.pass(4_000);
  assert.equal(book.last('a')?.state, 'accepted');
  assert.equal(book.last('a')?.attempts, 4);
  await fanOut.idle();
});

void test('a mirror that stays dead is given up after the limit, with its last attempt at it', async (t) => {
  const time = useFakeTime(t);
  const { book, fanOut } = setUp(t, { a: 'dead' }, { giveUpAfterMs: 10_000 });
  fanOut.push(pushTo('a'));
  for (let second = 0; second < 12; second += 1) await time.pass(1_000);
  const last = book.last('a');
  assert.equal(last?.state, 'given-up');
  assert.equal(last?.reason, 'refused');
  assert.deepEqual(last?.at, new Date('2026-11-21T09:00:10Z'));
  assert.equal(book.of('a').filter((state) => state === 'sending').length, 5); // At 0, 1, 3, 7, 10 s.
});

void test('a mirror that does not let us in is tried at the longest pause only', async (t) => {
  const time = useFakeTime(t);
  const { book, fanOut } = setUp(t, { a: 'stranger' });
  fanOut.push(pushTo('a'));
  await time.settle();
  assert.deepEqual(book.last('a')?.nextAttemptAt, new Date('2026-11-21T09:00:08Z'));
  assert.equal(book.last('a')?.reason, 'another key');
});

void test('a busy mirror is tried again, and wake tries a resting one at once', async (t) => {
  const time = useFakeTime(t);
  const { net, book, fanOut } = setUp(t, { a: 'busy' });
  fanOut.push(pushTo('a'));
  await time.settle();
  assert.match(book.last('a')?.reason ?? '', /is busy/);
  net.behaviours['a'] = 'duplicate';
  fanOut.wake('a');
  fanOut.wake('unknown');
  await fanOut.idle();
  assert.deepEqual(book.of('a'), ['sending', 'unreachable', 'sending', 'accepted']);
  assert.equal(book.last('a')?.reply?.result, 'duplicate');
});

void test('a push is carried on where it stood before a restart', async (t) => {
  const time = useFakeTime(t);
  const { book, fanOut } = setUp(t, { a: 'dead' });
  const push = pushTo('a', {
    attempts: 3,
    firstAttemptAt: new Date('2026-11-21T08:59:30Z'),
    notBefore: new Date('2026-11-21T09:00:02Z'),
  });
  fanOut.push(push);
  await time.pass(1_999);
  assert.deepEqual(book.of('a'), []);
  await time.pass(1);
  assert.equal(book.last('a')?.attempts, 4);
  assert.deepEqual(book.last('a')?.firstAttemptAt, new Date('2026-11-21T08:59:30Z'));
  assert.deepEqual(book.last('a')?.nextAttemptAt, new Date('2026-11-21T09:00:10Z'));
});

void test('nothing is sent, and nothing lost, while the states cannot be written', async (t) => {
  const time = useFakeTime(t);
  const failures: unknown[] = [];
  let full = true;
  const book = ledger();
  const { net, fanOut } = setUp(
    t,
    {},
    {
      onState: (push, news) =>
        full ? Promise.reject(new Error('disk full')) : book.onState(push, news),
      onStateFailed: (_, error) => failures.push(error),
    },
  );
  fanOut.push(pushTo('a'));
  await time.pass(1_000);
  assert.equal(net.received.length, 0);
  assert.ok(failures.length > 1);
  full = false;
  await time.pass(10_000);
  assert.deepEqual(book.of('a'), ['sending', 'accepted']);
  assert.equal(net.received.length, 1);
});

void test('cancel breaks off, says no more, and leaves the others alone', async (t) => {
  const { net, book, fanOut } = setUp(t, { a: 'hung', b: 'dead' }, { concurrency: 2 });
  for (const name of ['a', 'b']) fanOut.push(pushTo(name));
  for (let turns = 0; turns < 10; turns += 1) await turn();
  assert.deepEqual(fanOut.counts(), { waiting: 0, sending: 1, resting: 1 });
  fanOut.cancel('a');
  fanOut.cancel('b');
  fanOut.cancel('unknown');
  await fanOut.idle();
  for (let turns = 0; turns < 10; turns += 1) await turn();
  assert.equal(net.inFlight(), 0);
  assert.deepEqual(book.of('a'), ['sending']);
  assert.deepEqual(book.of('b'), ['sending', 'unreachable']);
  net.behaviours['a'] = 'accepted';
  assert.equal(fanOut.push(pushTo('a')), true);
  await fanOut.idle();
  assert.equal(book.last('a')?.state, 'accepted');
});

void test('a push that takes the place of a cancelled one waits until that one has ended', async (t) => {
  const steps: string[] = [];
  const { fanOut } = setUp(
    t,
    { a: 'hung' },
    {
      onState: async ({ command }, { state }) => {
        steps.push(`${command} ${state} begins`);
        for (let turns = 0; turns < 5; turns += 1) await turn();
        steps.push(`${command} ${state} ends`);
      },
    },
  );
  fanOut.push(pushTo('a', { command: 'old' }));
  await turn();
  fanOut.cancel('a');
  fanOut.push(pushTo('a', { command: 'new' }));
  for (let turns = 0; turns < 30; turns += 1) await turn();
  assert.deepEqual(steps, [
    'old sending begins',
    'old sending ends',
    'new sending begins',
    'new sending ends',
  ]);
});

void test('close leaves nothing running and no state that is not true', async (t) => {
  const { net, book, fanOut } = setUp(t, { a: 'hung', b: 'dead' }, { concurrency: 2 });
  for (const name of ['a', 'b', 'c', 'd']) fanOut.push(pushTo(name));
  for (let turns = 0; turns < 10; turns += 1) await turn();
  await fanOut.close();
  assert.equal(net.inFlight(), 0);
  assert.deepEqual(book.of('a'), ['sending']);
  assert.deepEqual(book.of('b'), ['sending', 'unreachable']);
  assert.equal(fanOut.push(pushTo('e')), false);
  await fanOut.idle();
});

void test('hung mirrors make room for live ones and get their whole deadline afterwards', async (t) => {
  const hung = Array.from({ length: 8 }, (_, n) => `hung${n}`);
  const live = Array.from({ length: 40 }, (_, n) => `live${n}`);
  const { net, book, fanOut } = setUp(t, Object.fromEntries(hung.map((name) => [name, 'hung'])), {
    concurrency: 4,
    retryLane: 1,
    attemptDeadlineMs: 20_000,
  });
  for (const name of live.slice(0, 10)) fanOut.push(pushTo(name)); // It learns what is usual.
  await fanOut.idle();
  const started = performance.now();
  for (const name of [...hung, ...live.slice(10)]) fanOut.push(pushTo(name));
  while (net.received.length < live.length) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(performance.now() - started < 15_000, 'The live ones waited for a deadline.');
  for (const name of live) assert.deepEqual(book.of(name), ['sending', 'accepted']);
  const said = book.states.get('hung0')?.map(({ reason }) => reason ?? '') ?? [];
  assert.ok(said.some((reason) => reason.includes('others needed its place')));
  for (const name of hung) fanOut.cancel(name);
  await fanOut.idle();
});
