import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { nextSerial } from './serial.ts';

test('the first release of a day carries its date', () => {
  assert.equal(nextSerial(undefined, new Date('2026-11-21T23:59:59Z')), 2026112100);
  assert.equal(nextSerial(2026112007, new Date('2026-11-21T00:00:00Z')), 2026112100);
});

test('later ones count on, past a hundred and when the clock goes back', () => {
  assert.equal(nextSerial(2026112100, new Date('2026-11-21T12:00:00Z')), 2026112101);
  assert.equal(nextSerial(2026112199, new Date('2026-11-21T12:00:00Z')), 2026112200);
  assert.equal(nextSerial(2026112101, new Date('2020-01-01T00:00:00Z')), 2026112102);
});

test('a serial only grows, whatever the clock says', () => {
  const dates = fc.date({
    min: new Date('2000-01-01'),
    max: new Date('2100-01-01'),
    noInvalidDate: true,
  });
  fc.assert(
    fc.property(fc.array(dates, { minLength: 2, maxLength: 50 }), (days) => {
      let last: number | undefined;
      for (const day of days) {
        const next = nextSerial(last, day);
        assert.ok(last === undefined || next > last);
        last = next;
      }
    }),
  );
});

test('the largest integer has no successor', () => {
  assert.throws(() => nextSerial(Number.MAX_SAFE_INTEGER, new Date()), /epoch/);
});
