import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createStagedPushes } from './staged-pushes.ts';

function staged(succeeds = true, areBelowDone = () => true) {
  const done: string[] = [];
  const ends: (() => void)[] = [];
  let now = 0;
  const pushes = createStagedPushes({
    run: (stage) =>
      new Promise((resolve) => {
        done.push(stage);
        ends.push(() => resolve(succeeds));
      }),
    areBelowDone,
    patienceMs: 1_000,
    pauseMs: 0,
    clock: () => now,
    signal: new AbortController().signal,
  });
  return {
    pushes,
    done,
    later(ms: number) {
      now += ms;
    },
    /** When it has begun. */
    async end() {
      for (let turns = 0; ends.length === 0 && turns < 100; turns += 1) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      ends.shift()?.();
    },
  };
}

void test('a stage 2 that comes during stage 1 follows it, and each is answered when it is done', async () => {
  const { pushes, done, end } = staged();
  const first = pushes.take('stage1', false);
  const second = pushes.take('stage2', false);
  let answered = '';
  void first.then(() => (answered += '1'));
  void second.then(() => (answered += '2'));
  await end();
  assert.equal(await first, 'accepted');
  assert.equal(answered, '1');
  await end();
  assert.equal(await second, 'accepted');
  assert.deepEqual(done, ['stage1', 'stage2']);
});

void test('of words that wait, equal ones are one; one that has begun is not enough for the next', async () => {
  const { pushes, done, end } = staged();
  const all = [pushes.take('stage1', false)];
  await new Promise((resolve) => setImmediate(resolve));
  all.push(pushes.take('stage1', false), pushes.take('stage1', false));
  await end();
  await end();
  assert.deepEqual(await Promise.all(all), ['accepted', 'accepted', 'accepted']);
  assert.deepEqual(done, ['stage1', 'stage1']);
});

void test('news wait for stage 2, for as long as there is patience', async () => {
  const { pushes, end, later } = staged();
  assert.equal(pushes.stage(), 'all');
  const first = pushes.take('stage1', false);
  await end();
  await first;
  assert.equal(pushes.stage(), 'stage1');
  later(1_000);
  assert.equal(pushes.stage(), 'all');
});

void test('a stage that failed is not said to be done', async () => {
  const { pushes, end } = staged(false);
  const first = pushes.take('stage1', false);
  await end();
  assert.equal(await first, 'busy');
});

void test('mhop: stage 1 is answered when those below have done as much, without the word at once', async () => {
  let below = false;
  const { pushes, end } = staged(true, () => below);
  const plain = pushes.take('stage1', false);
  await end();
  assert.equal(await plain, 'accepted');
  const first = pushes.take('stage1', true);
  let answered = false;
  void first.then(() => (answered = true));
  await end();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(answered, false);
  below = true;
  assert.equal(await first, 'accepted');
});
