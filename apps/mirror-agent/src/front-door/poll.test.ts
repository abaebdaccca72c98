import assert from 'node:assert/strict';
import { afterEach, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { until } from '../fixtures.test.ts';
import { wantsSync } from './look.ts';
import { startPoller, type PollerOptions, type PollVia } from './poll.ts';

let stop = new AbortController();
afterEach(() => stop.abort());

function start(change: Partial<PollerOptions<string>> = {}) {
  stop = new AbortController();
  const looked: PollVia[] = [];
  const poller = startPoller({
    look: async (via) => {
      looked.push(via);
      return `${via} ${looked.length}`;
    },
    everyMs: 3_600_000,
    jitterMs: 0,
    random: () => 0,
    clock: () => performance.now(),
    signal: stop.signal,
    ...change,
  });
  return { poller, looked };
}

describe('the poll', () => {
  test('asks at once, then on the schedule, with jitter', async () => {
    let jitters = 0;
    const { looked, poller } = start({
      everyMs: 5,
      jitterMs: 10,
      random: () => {
        jitters += 1;
        return 0.5;
      },
    });
    await until('three polls', () => looked.length >= 3);
    stop.abort();
    await poller.ended;
    assert.ok(looked.every((via) => via === 'poll'));
    assert.equal(jitters, looked.length);
  });

  test('comes back sooner where what came of a poll says so', async () => {
    const { looked } = start({ soonerMs: (result) => (result === 'poll 1' ? 5 : undefined) });
    await until('the second poll', () => looked.length === 2);
    await delay(30);
    assert.deepEqual(looked, ['poll', 'poll']);
  });

  test('hints are joined, and followed no more often than they may', async () => {
    let now = 0;
    const { looked, poller } = start({ hintPauseMs: 20, clock: () => now });
    await until('the first poll', () => looked.length === 1);
    assert.equal(poller.hint(), 'accepted');
    assert.equal(poller.hint(), 'duplicate');
    await until('the hint is followed', () => looked.length === 2);
    assert.equal(poller.hint(), 'accepted', 'a later hint is a new one');
    now = 19;
    await delay(60);
    assert.equal(looked.length, 2, 'but not followed at once');
    now = 20;
    await until('it is followed', () => looked.length === 3);
    assert.deepEqual(looked, ['poll', 'hint', 'hint']);
  });

  test('whoever asks gets an answer of their own, one look at a time', async () => {
    let at = 0;
    let most = 0;
    const { poller } = start({
      look: async (via) => {
        at += 1;
        most = Math.max(most, at);
        await new Promise(setImmediate);
        at -= 1;
        return via;
      },
    });
    const answers = await Promise.all([poller.ask('manual'), poller.ask('manual')]);
    assert.deepEqual(answers, ['manual', 'manual']);
    assert.equal(most, 1);
  });

  test('a look that throws does not end the polling', async () => {
    let looks = 0;
    const { poller } = start({
      everyMs: 1,
      look: async () => {
        looks += 1;
        throw new Error('no');
      },
    });
    await until('it goes on', () => looks >= 3);
    stop.abort();
    await poller.ended;
  });
});

test('an upstream without heads is synced from when its serial says so, or has none', () => {
  assert.equal(wantsSync('2', undefined, false, 'poll'), true);
  assert.equal(wantsSync('2', '2', false, 'poll'), false);
  assert.equal(wantsSync('1', '2', false, 'poll'), true, 'ftpsync follows it back, too');
  assert.equal(wantsSync(undefined, '2', false, 'poll'), true);
  assert.equal(wantsSync('2', '2', false, 'hint'), false);
  // Once heads are known, whoever shows none is not followed back.
  assert.equal(wantsSync('1', '2', true, 'poll'), false);
  assert.equal(wantsSync('3', '2', true, 'poll'), true);
  assert.equal(wantsSync(undefined, '2', true, 'poll'), false);
});
