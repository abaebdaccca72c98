import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { firstLook, nextLook } from './next-look.ts';

const unit = fc.double({ min: 0, max: 1, noNaN: true });
const interval = fc.integer({ min: 1000, max: 86_400_000 });

test('looks are an interval apart, a fifth more or less', () => {
  fc.assert(
    fc.property(interval, unit, (ms, random) => {
      const pause = nextLook(new Date(0), ms, random).getTime();
      assert.equal(pause >= Math.floor(ms * 0.8) && pause <= Math.ceil(ms * 1.2), true, `${pause}`);
    }),
  );
});

test('after a start nobody waits longer than if there had been none, and not all come at once', () => {
  fc.assert(
    fc.property(interval, unit, fc.integer({ min: 0, max: 1e9 }), (ms, random, ago) => {
      const now = new Date('2026-11-21T09:00:00Z');
      const last = new Date(now.getTime() - ago);
      const first = firstLook(last, now, ms, random).getTime() - now.getTime();
      assert.equal(first >= 0 && first <= ms * 1.2, true, `${first}`);
    }),
  );
  const [long, now] = [new Date(0), new Date(10_000)];
  const firsts = [0, 0.5, 1].map((r) => firstLook(long, now, 1000, r).getTime());
  assert.deepEqual(firsts, [10_000, 10_125, 10_250]);
  assert.equal(firstLook(undefined, now, 1000, 1), now, 'one that was never seen');
});
