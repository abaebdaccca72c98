import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { MirrorRow, PushRow } from '../../db/schema.ts';
import { propagationOf } from './propagation.ts';

const at = (seconds: number) => new Date(Date.UTC(2026, 10, 21, 9, 0, seconds)).toISOString();
const release = { archive: 'debian', serial: 7, published_at: at(0) };
const mirror = (name: string, more: Partial<MirrorRow> = {}) =>
  ({
    name,
    kind: 'agent',
    upstream: null,
    http_url: 'http://192.0.2.1/',
    rsync_url: null,
    ...more,
  }) as MirrorRow;
const push = (name: string, committed: number | null, observed: number | null, more = {}) =>
  ({
    mirror: name,
    quarantined: 0,
    committed_at: committed === null ? null : at(committed),
    observed_at: observed === null ? null : at(observed),
    ...more,
  }) as PushRow;

test('by what they say and by what is seen, for all tiers and for each', () => {
  const mirrors = [
    mirror('hub'),
    mirror('leaf1', { upstream: 'hub' }),
    mirror('leaf2', { upstream: 'hub', http_url: null }),
    mirror('stock', { kind: 'ftpsync' }),
    mirror('dead'),
  ];
  const pushes = [
    push('hub', 2, 3),
    push('leaf1', 4, 6),
    push('leaf2', 5, null),
    push('stock', null, 9),
    push('dead', null, null, { quarantined: 1 }),
  ];
  const rows = propagationOf(release, pushes, mirrors, new Date(at(20))).map((row) => [
    row.basis,
    row.tier,
    `${row.reached} of ${row.mirrors}`,
    row.p50_ms,
    row.p90_ms,
    row.p100_ms,
  ]);
  assert.deepEqual(rows, [
    ['committed', 0, '3 of 3', 4_000, 5_000, 5_000],
    ['committed', 1, '1 of 1', 2_000, 2_000, 2_000],
    ['committed', 2, '2 of 2', 4_000, 5_000, 5_000],
    ['observed', 0, '3 of 3', 6_000, 9_000, 9_000],
    ['observed', 1, '2 of 2', 3_000, 9_000, 9_000],
    ['observed', 2, '1 of 1', 6_000, 6_000, 6_000],
  ]);
});

test('what is not reached has no time', () => {
  const mirrors = [mirror('a'), mirror('b')];
  const rows = propagationOf(
    release,
    [push('a', 1, null), push('b', null, null)],
    mirrors,
    new Date(),
  );
  assert.deepEqual(
    rows.filter(({ tier }) => tier === 0).map((row) => [row.basis, row.p50_ms, row.p100_ms]),
    [
      ['committed', 1_000, null],
      ['observed', null, null],
    ],
  );
});
