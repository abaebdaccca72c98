import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timeChart } from './chart.ts';
import { propagationOf } from '../../monitor/propagation.ts';

test('a chart has round steps, gaps where nothing is known, and no line without values', () => {
  const chart = timeChart([{ name: 'a', tone: 'good', values: [0, null, 90_000, 60_000] }], {
    from: '1',
    to: '4',
  });
  assert.deepEqual(
    chart?.ticks.map(({ text }) => text),
    ['0', '30\u00a0s', '60\u00a0s', '90\u00a0s'],
  );
  assert.equal(chart?.lines[0]?.says, 'from 0\u00a0ms to 1\u00a0min 30\u00a0s, last 1\u00a0min');
  assert.match(chart?.lines[0]?.path ?? '', /^M84,170M[\d.]+,12L628,[\d.]+$/);
  assert.equal(
    timeChart([{ name: 'a', tone: 'good', values: [null] }], { from: '', to: '' }),
    undefined,
  );
});

test('shares of the mirrors, not of those that have it', () => {
  const at = (seconds: number) => new Date(seconds * 1000);
  const shares = propagationOf(7, at(0), [at(1), at(3), at(2), null]);
  assert.deepEqual(shares, {
    serial: 7,
    mirrors: 4,
    committed: 3,
    p50: 2000,
    p90: null,
    p95: null,
    p100: null,
  });
});
