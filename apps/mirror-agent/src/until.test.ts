import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { until } from './until.ts';

test('work that ends first is waited for, and leaves nothing on the signal', async () => {
  const { signal } = new AbortController();
  let done = false;
  const work = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
    done = true;
  });
  await until(work, signal);
  assert.equal(done, true);
  await assert.rejects(until(Promise.reject(new Error('full')), signal), /full/);
  assert.equal(getEventListeners(signal, 'abort').length, 0);
});

test('an abort ends the wait for work that never ends', async () => {
  const stopping = new AbortController();
  const waiting = until(new Promise(() => {}), stopping.signal);
  stopping.abort();
  await waiting;
  await until(new Promise(() => {}), stopping.signal);
  assert.equal(getEventListeners(stopping.signal, 'abort').length, 0);
});
