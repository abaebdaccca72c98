import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inWords, windowOf } from './window.ts';

test('a window is given once or weekly, and never half', () => {
  assert.equal(windowOf({}), undefined);
  assert.deepEqual(windowOf({ from: '2026-11-21T22:00Z', to: '2026-11-22T02:00Z' }), {
    startsAt: '2026-11-21T22:00:00.000Z',
    endsAt: '2026-11-22T02:00:00.000Z',
  });
  assert.deepEqual(windowOf({ weekly: 'Sunday', at: '02:30', for: 4 * 3_600_000 }), {
    weekday: 0,
    startMinute: 150,
    minutes: 240,
  });
  for (const half of [
    { from: '2026-11-21T22:00Z' },
    { from: 'then', to: 'later' },
    { weekly: 'sun', at: '2:30', for: 60_000 },
    { weekly: 'xyz', at: '02:30', for: 60_000 },
    { weekly: 'sun', at: '02:30' },
    { weekly: 'sun', at: '02:30', for: 60_000, to: '2026-11-21T22:00Z' },
  ]) {
    assert.throws(() => windowOf(half), { code: 'usage' }, JSON.stringify(half));
  }
});

test('a window is shown in words', () => {
  const none = { startsAt: null, endsAt: null, weekday: null, startMinute: null, minutes: null };
  const weekly = { ...none, weekday: 6, startMinute: 150, minutes: 90 };
  assert.equal(inWords(weekly), 'every sat 02:30 UTC for 90 min');
  assert.equal(inWords({ ...none, startsAt: 'a', endsAt: 'b' }), 'from a to b');
});
