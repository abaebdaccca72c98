import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBatch } from './batch.ts';

test('what comes during a write goes into the next one together, and is confirmed after it', async () => {
  const writes: string[][] = [];
  const gates: (() => void)[] = [];
  const add = createBatch<string>(async (items) => {
    writes.push([...items]);
    await new Promise<void>((resolve) => gates.push(resolve));
  });
  const done: string[] = [];
  const one = add('a').then(() => done.push('a'));
  await new Promise(setImmediate);
  const rest = ['b', 'c', 'd'].map((item) => add(item).then(() => done.push(item)));
  await new Promise(setImmediate);
  assert.deepEqual(writes, [['a']]);
  gates[0]?.();
  await one;
  await new Promise(setImmediate);
  assert.deepEqual(done, ['a'], 'the others are not on the disk yet');
  gates[1]?.();
  await Promise.all(rest);
  assert.deepEqual(writes, [['a'], ['b', 'c', 'd']]);
});

test('a write that fails is told to those it was for, and later ones go on', async () => {
  let fail = true;
  const add = createBatch<string>(async () => {
    if (fail) throw new Error('disk full');
  });
  await assert.rejects(add('a'), /disk full/);
  fail = false;
  await add('b');
});
