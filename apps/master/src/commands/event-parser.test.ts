import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createEventParser } from './event-parser.ts';

const text =
  'retry: 1000\nevent: hello\nid: ab:1\ndata: {"resumed":false}\n\n: nothing new\n\nevent: push\nid: ab:2\ndata: {"reason":"a: b"}\n\n';

test('events come out whole, however they were cut', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: text.length }), { maxLength: 8 }), (cuts) => {
      const parse = createEventParser();
      const places = [0, ...cuts.toSorted((a, b) => a - b), text.length];
      const events = places.slice(1).flatMap((end, i) => parse(text.slice(places[i], end)));
      assert.deepEqual(events, [
        { type: 'hello', id: 'ab:1', data: '{"resumed":false}' },
        { type: 'push', id: 'ab:2', data: '{"reason":"a: b"}' },
      ]);
    }),
  );
});

test('an event without an end is not kept for ever', () => {
  const parse = createEventParser();
  assert.throws(() => {
    for (let i = 0; i < 100; i += 1) parse('data: '.padEnd(64 * 1024, 'x'));
  }, /without an end/);
});
