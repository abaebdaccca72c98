import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inTurn } from './in-turn.ts';

void test('actions of one key run one after the other, in the order they were asked for', async () => {
  const owner = {};
  const seen: string[] = [];
  const action = (name: string) => async () => {
    seen.push(`${name} begins`);
    await new Promise(setImmediate);
    seen.push(`${name} ends`);
    return name;
  };
  const both = [inTurn(owner, 'debian', action('one')), inTurn(owner, 'debian', action('two'))];
  assert.deepEqual(await Promise.all(both), ['one', 'two']);
  assert.deepEqual(seen, ['one begins', 'one ends', 'two begins', 'two ends']);
});

void test('another key or owner does not wait', async () => {
  const owner = {};
  let finish = () => {};
  const held = inTurn(owner, 'debian', () => new Promise<void>((resolve) => (finish = resolve)));
  assert.equal(await inTurn(owner, 'fedora', async () => 1), 1);
  assert.equal(await inTurn({}, 'debian', async () => 2), 2);
  finish();
  await held;
});

void test('a failure is the failure of its own caller only', async () => {
  const owner = {};
  const failing = inTurn(owner, 'debian', () => Promise.reject(new Error('disk')));
  const next = inTurn(owner, 'debian', async () => 'fine');
  await assert.rejects(failing, /disk/);
  assert.equal(await next, 'fine');
});

void test('the queue is bounded, and open again when it has been worked off', async () => {
  const owner = {};
  const waiting = Array.from({ length: 300 }, () => inTurn(owner, 'debian', async () => true));
  const done = await Promise.all(waiting);
  assert.equal(done.filter((one) => one === true).length, 256);
  assert.equal(done.filter((one) => one === undefined).length, 44);
  assert.equal(await inTurn(owner, 'debian', async () => true), true);
});
