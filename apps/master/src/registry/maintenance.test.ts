import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { isWithin, resting } from './maintenance.ts';

const never = { starts_at: null, ends_at: null, weekday: null, start_minute: null, minutes: null };

test('once: from its start on, up to its end', () => {
  const window = {
    ...never,
    starts_at: '2026-11-21T10:00:00.000Z',
    ends_at: '2026-11-21T12:00:00.000Z',
  };
  const at = (time: string) => isWithin(window, new Date(`2026-11-21T${time}Z`));
  assert.deepEqual(
    [at('09:59:59'), at('10:00:00'), at('11:59:59'), at('12:00:00')],
    [false, true, true, false],
  );
});

test('weekly: over midnight and over the end of the week', () => {
  const saturday = { ...never, weekday: 6, start_minute: 23 * 60, minutes: 120 };
  const at = (time: string) => isWithin(saturday, new Date(time));
  assert.equal(at('2026-11-21T22:59:00Z'), false);
  assert.equal(at('2026-11-21T23:00:00Z'), true);
  assert.equal(at('2026-11-22T00:59:00Z'), true);
  assert.equal(at('2026-11-22T01:00:00Z'), false);
  assert.equal(isWithin(never, new Date()), false);
});

test('a weekly window is open for just its minutes of every week', () => {
  const week = 7 * 24 * 60;
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 6 }),
      fc.integer({ min: 0, max: 1439 }),
      fc.integer({ min: 1, max: week - 1 }),
      (weekday, start_minute, minutes) => {
        const window = { ...never, weekday, start_minute, minutes };
        const start = Date.parse('2026-11-01T00:00:00Z');
        let open = 0;
        for (let minute = 0; minute < week; minute += 1) {
          if (isWithin(window, new Date(start + minute * 60_000))) open += 1;
        }
        assert.equal(open, minutes);
      },
    ),
    { numRuns: 20 },
  );
});

test('those that rest are named', () => {
  const window = { ...never, weekday: 0, start_minute: 0, minutes: 60 };
  const windows = [
    { ...window, mirror: 'a' },
    { ...window, weekday: 1, mirror: 'b' },
  ];
  assert.deepEqual([...resting(windows, new Date('2026-11-22T00:30:00Z'))], ['a']);
});
