import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SIGHT_STATES } from '../probe/states.ts';
import { figuresOf, scoreOf } from './figures.ts';
import { spreadOf } from './spread.ts';
import { addLook, addSums, dayOf, EMPTY, hourOf, type Counted, type Sum } from './sums.ts';

const ms = fc.integer({ min: 0, max: 10_000_000 });
const anyLook: fc.Arbitrary<Counted> = fc.record({
  state: fc.constantFrom(...SIGHT_STATES),
  responseMs: fc.option(ms, { nil: null }),
  lag: fc.option(fc.record({ ms, serials: fc.nat(100) }), { nil: null }),
  isRun: fc.boolean(),
});
const looks = fc.array(anyLook, { maxLength: 30 });
const sumOf = (all: readonly Counted[]): Sum => all.reduce(addLook, EMPTY);

test('hours summed up are the same as all their looks summed up', () => {
  fc.assert(
    fc.property(looks, looks, (a, b) => {
      assert.deepEqual(addSums(sumOf(a), sumOf(b)), sumOf([...a, ...b]));
    }),
  );
});

test('figures stay within what they can be', () => {
  fc.assert(
    fc.property(looks, (all) => {
      const figures = figuresOf(sumOf(all), sumOf(all), 3 * 86_400_000);
      for (const one of [figures.completion, figures.availability, figures.score]) {
        assert.equal(one === null ? all.length === 0 : one >= 0 && one <= 100, true, `${one}`);
      }
      const { responseMs: mean, responseDeviationMs: deviation } = figures;
      assert.equal(mean === null, deviation === null);
      assert.equal(Number.isNaN(deviation ?? 0), false);
      assert.equal((figures.delayMs ?? 0) <= sumOf(all).lag_max, true);
    }),
  );
});

test('the figures of a day by hand', () => {
  const answered = (state: Counted['state'], responseMs: number, lag: number): Counted => ({
    state,
    responseMs,
    lag: { ms: lag, serials: lag > 0 ? 1 : 0 },
    isRun: lag === 0,
  });
  const day = sumOf([
    answered('fresh', 10, 0),
    answered('behind', 30, 3_600_000),
    { state: 'unreachable', responseMs: null, lag: null, isRun: false },
    answered('fresh', 20, 0),
  ]);
  const figures = figuresOf(day, day, 2 * 86_400_000);
  assert.equal(figures.completion, 50);
  assert.equal(figures.availability, 75);
  assert.equal(figures.delayMs, 1_200_000);
  assert.equal(figures.responseMs, 20);
  assert.equal(Math.round(100 * (figures.responseDeviationMs ?? 0)), 816);
  assert.equal(figures.runsADay, 1);
  assert.equal(day.worst, 'unreachable');
});

test('a score is 100 only for who was always reached and always fresh, and never grows with delay', () => {
  assert.equal(scoreOf(100, 100, 0), 100);
  assert.equal(scoreOf(100, 100, 6 * 3_600_000), 50);
  assert.equal(scoreOf(null, 100, 0), null);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 100 }), ms, ms, (part, a, b) => {
      const [less, more] = [Math.min(a, b), Math.max(a, b)];
      const [x, y] = [scoreOf(part, 100, less) ?? 0, scoreOf(part, 100, more) ?? 0];
      assert.equal(x >= y, true, `${x} ${y}`);
    }),
  );
});

test('a release has spread to a part of the mirrors when that many have it, not before', () => {
  assert.deepEqual(spreadOf([10, null, 30, 20]), {
    mirrors: 4,
    reached: 3,
    p50: 20,
    p90: null,
    p95: null,
    p100: null,
  });
  assert.equal(spreadOf([]).p50, null);
  fc.assert(
    fc.property(
      fc.array(fc.option(ms, { nil: null }), { minLength: 1, maxLength: 60 }),
      (times) => {
        const spread = spreadOf(times);
        for (const [percent, at] of [
          [50, spread.p50],
          [90, spread.p90],
          [95, spread.p95],
          [100, spread.p100],
        ] as const) {
          const had = times.filter((time) => time !== null && time <= (at ?? Infinity)).length;
          if (at !== null) assert.equal(had >= (times.length * percent) / 100, true, `${percent}`);
          else assert.equal(spread.reached < (times.length * percent) / 100, true, `${percent}`);
        }
      },
    ),
  );
});

test('hours and days begin in UTC', () => {
  const at = new Date('2026-11-21T09:59:59.999Z');
  assert.deepEqual(
    [hourOf(at), dayOf(at)],
    ['2026-11-21T09:00:00.000Z', '2026-11-21T00:00:00.000Z'],
  );
});
