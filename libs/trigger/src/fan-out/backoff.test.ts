import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { longestPause, pauseAfter } from './backoff.ts';

const backoff = { minMs: 1_000, maxMs: 60_000, factor: 2 };

void test('the pause doubles up to the longest', () => {
  const pauses = [1, 2, 3, 7, 8, 1_000].map((attempts) => pauseAfter(attempts, backoff, () => 0));
  assert.deepEqual(pauses, [1_000, 2_000, 4_000, 60_000, 60_000, 60_000]);
  assert.equal(
    longestPause(backoff, () => 0),
    60_000,
  );
});

void test('jitter takes off a half at most, and no pause is out of bounds', () => {
  fc.assert(
    fc.property(
      fc.nat(100_000),
      fc.integer({ min: 1, max: 100_000 }),
      fc.nat(10_000_000),
      fc.double({ min: 1, max: 10, noNaN: true }),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      (attempts, minMs, more, factor, random) => {
        const maxMs = minMs + more;
        const pause = pauseAfter(attempts, { minMs, maxMs, factor }, () => random);
        assert.ok(pause >= Math.floor(minMs / 2) && pause <= maxMs, `${pause}`);
      },
    ),
  );
});
