import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createSlots, type Lane, type Slot } from './slots.ts';

/** Slots whose every request is noted by name: granted, yielding. */
function setUp(options: { total: number; retryShare: number; patienceMs?: number }) {
  const slots = createSlots({ ...options, patience: () => options.patienceMs ?? 1e6 });
  const granted: string[] = [];
  const yielding: string[] = [];
  const held = new Map<string, Slot>();
  const ask = (name: string, lane: Lane, rank = 1, signal = new AbortController().signal) =>
    void slots
      .take({ lane, rank, signal, onYield: () => void yielding.push(name) })
      .then((slot) => {
        granted.push(name);
        held.set(name, slot);
      })
      .catch(() => granted.push(`${name} left`));
  const release = async (name: string) => {
    held.get(name)?.release();
    await turn();
  };
  return { slots, granted, yielding, ask, release };
}

void test('of all who come in one turn, the first in rank goes first', async () => {
  const { granted, ask, release } = setUp({ total: 2, retryShare: 1 });
  ask('healthy 1', 'live', 2);
  ask('healthy 2', 'live', 2);
  ask('hub', 'live', 1);
  ask('urgent', 'live', 0);
  await turn();
  assert.deepEqual(granted, ['urgent', 'hub']);
  await release('hub');
  assert.deepEqual(granted, ['urgent', 'hub', 'healthy 1']);
});

void test('a lane alone may use every slot; when both wait, each has its share', async () => {
  const { granted, ask, release } = setUp({ total: 4, retryShare: 1 });
  for (const name of ['r1', 'r2', 'r3', 'r4', 'r5', 'r6']) ask(name, 'retry');
  await turn();
  assert.equal(granted.length, 4);
  for (const name of ['l1', 'l2', 'l3', 'l4', 'l5']) ask(name, 'live');
  await turn();
  for (const name of ['r1', 'r2', 'r3']) await release(name);
  assert.deepEqual(granted.slice(4), ['l1', 'l2', 'l3']);
  await release('r4');
  assert.deepEqual(granted.slice(7), ['r5']);
  await release('l1');
  assert.deepEqual(granted.slice(8), ['l4']);
});

void test('retries beyond their share yield as soon as first attempts wait', async () => {
  const { yielding, granted, ask, release } = setUp({ total: 4, retryShare: 1 });
  for (const name of ['r1', 'r2', 'r3', 'r4']) ask(name, 'retry');
  await turn();
  ask('l1', 'live');
  await turn();
  assert.deepEqual(yielding, ['r1']);
  for (const name of ['l2', 'l3', 'l4', 'l5']) ask(name, 'live');
  await turn();
  assert.deepEqual(yielding, ['r1', 'r2', 'r3']); // The fourth is the retries' own.
  for (const name of ['r1', 'r2', 'r3']) await release(name);
  assert.deepEqual(granted.slice(4), ['l1', 'l2', 'l3']);
});

void test('a first attempt that takes too long yields when others wait, and not before', async (t) => {
  const { slots, yielding, ask } = setUp({ total: 2, retryShare: 1, patienceMs: 20 });
  t.after(() => slots.close());
  ask('slow 1', 'live');
  ask('slow 2', 'live');
  await new Promise((resolve) => setTimeout(resolve, 40));
  assert.deepEqual(yielding, []);
  ask('next', 'live');
  await turn();
  assert.deepEqual(yielding, ['slow 1']);
});

void test('the reminder comes by itself when the patience is over', async (t) => {
  const { slots, yielding, ask } = setUp({ total: 1, retryShare: 1, patienceMs: 20 });
  t.after(() => slots.close());
  ask('slow', 'live');
  ask('next', 'live');
  for (let looks = 0; looks < 500 && yielding.length === 0; looks += 1) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.deepEqual(yielding, ['slow']);
});

void test('who leaves the line is not granted a slot', async () => {
  const { granted, ask, release } = setUp({ total: 1, retryShare: 1 });
  const abort = new AbortController();
  ask('first', 'live');
  ask('leaves', 'live', 1, abort.signal);
  ask('last', 'live');
  await turn();
  abort.abort();
  await release('first');
  assert.deepEqual(granted, ['first', 'leaves left', 'last']);
  ask('too late', 'live', 1, abort.signal);
  await turn();
  assert.equal(granted.at(-1), 'too late left');
});

void test('a slot is given back once, however often it is released', async () => {
  const { granted, ask, release } = setUp({ total: 1, retryShare: 1 });
  for (const name of ['one', 'two', 'three']) ask(name, 'live');
  await turn();
  await release('one');
  await release('one');
  assert.deepEqual(granted, ['one', 'two']);
});
