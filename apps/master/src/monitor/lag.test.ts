import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { lagOf } from './lag.ts';

const releases = [1, 2, 3].map((day) => ({
  serial: 2026110000 + day * 100,
  publishedAt: new Date(Date.UTC(2026, 10, day)),
}));
const now = new Date(Date.UTC(2026, 10, 4));

test('a mirror with the newest release has no lag', () => {
  assert.equal(lagOf(releases, 2026110300, now), undefined);
  assert.equal(lagOf([], undefined, now), undefined);
});

test('lag counts from the first release it lacks', () => {
  assert.deepEqual(lagOf(releases, 2026110100, now), {
    serials: 2,
    since: new Date(Date.UTC(2026, 10, 2)),
    ms: 2 * 24 * 3_600_000,
  });
  assert.equal(lagOf(releases, undefined, now)?.serials, 3);
});

test('more releases served is never more lag', () => {
  fc.assert(
    fc.property(fc.nat({ max: 400 }), fc.nat({ max: 400 }), (a, b) => {
      const [low, high] = [Math.min(a, b), Math.max(a, b)];
      const lower = lagOf(releases, 2026110000 + low, now);
      const higher = lagOf(releases, 2026110000 + high, now);
      assert.ok((higher?.serials ?? 0) <= (lower?.serials ?? 0));
      assert.ok((higher?.ms ?? 0) <= (lower?.ms ?? 0));
    }),
  );
});
