import assert from 'node:assert/strict';
import { test } from 'node:test';
import { releasesToPrune } from './old-releases.ts';

const now = new Date('2026-11-21T09:00:00Z');
const DAY = 86_400_000;
const release = (serial: number, daysAgo: number) => ({
  serial,
  published_at: new Date(now.getTime() - daysAgo * DAY).toISOString(),
});
const pruned = (releases: ReturnType<typeof release>[], days: number, count: number) =>
  releasesToPrune(releases, { ms: days * DAY, releases: count }, now).map(({ serial }) => serial);

test('what is older than the time, or more than the number, goes', () => {
  const releases = [release(4, 1), release(3, 2), release(2, 50), release(1, 100)];
  assert.deepEqual(pruned(releases, 90, 1000), [1]);
  assert.deepEqual(pruned(releases, 90, 2), [2, 1]);
  assert.deepEqual(pruned(releases, 1000, 1000), []);
});

test('the current release stays, however old', () => {
  assert.deepEqual(pruned([release(2, 400), release(1, 500)], 90, 1), [1]);
  assert.deepEqual(pruned([], 90, 1), []);
});
