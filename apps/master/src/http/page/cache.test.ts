import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { createPageCache } from './cache.ts';

const start = Date.parse('2026-11-21T09:00:00Z');

test('many readers cost one page; a change is seen by the next', async () => {
  const clock = { ms: start };
  const cache = createPageCache(() => new Date(clock.ms));
  let made = 0;
  const make = async () => ({ type: 'text/plain', text: `page ${(made += 1)}` });
  const read = async () => (await cache.get('x', make)).identity.toString();
  assert.deepEqual(await Promise.all([read(), read(), read()]), ['page 1', 'page 1', 'page 1']);
  cache.changed();
  assert.equal(await read(), 'page 2');
  clock.ms += 6_000;
  assert.equal(await read(), 'page 2', 'not old enough to wait for');
  clock.ms += 10_000;
  assert.notEqual(await read(), 'page 2');
});

test('a change while a page is made leads to another', async () => {
  const cache = createPageCache(() => new Date(start));
  let value = 'old';
  const make = async () => {
    const text = value;
    await new Promise(setImmediate);
    return { type: 'text/plain', text };
  };
  const first = cache.get('x', make);
  value = 'new';
  cache.changed();
  assert.equal((await cache.get('x', make)).identity.toString(), 'new');
  await first;
});

test('a failure is told and not kept; packed forms hold the same', async () => {
  const cache = createPageCache(() => new Date(start));
  await assert.rejects(
    cache.get('x', () => Promise.reject(new Error('no'))),
    /no/,
  );
  const text = 'long '.repeat(1000);
  const { gzip, br, etag } = await cache.get('x', async () => ({ type: 'text/plain', text }));
  assert.equal(gunzipSync(gzip ?? '').toString(), text);
  assert.equal(brotliDecompressSync(br ?? Buffer.alloc(0)).toString(), text);
  assert.match(etag, /^[\w-]{22}$/);
});
