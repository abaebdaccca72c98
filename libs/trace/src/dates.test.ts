import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { isoDate, mailDate, posixDate, readDate } from './dates.ts';

const moments = [0, 951_782_400, 1_793_523_605, 1_795_251_600, 4_102_444_799];

test('the same as date(1) writes, and read back', () => {
  for (const seconds of moments) {
    const date = new Date(seconds * 1000);
    assert.equal(posixDate(date), real(seconds));
    assert.equal(mailDate(date), real(seconds, '-R'));
    for (const text of [posixDate(date), mailDate(date), isoDate(date)]) {
      assert.deepEqual(readDate(text), date, text);
    }
  }
});

test('other offsets', () => {
  const at = new Date('2026-11-21T09:00:00Z');
  assert.deepEqual(readDate('Sat, 21 Nov 2026 10:30:00 +0130'), at);
  assert.deepEqual(readDate('21 Nov 2026 04:00:00 -0500'), at);
  assert.deepEqual(readDate('Sat, 21 Nov 2026 09:00:00 GMT'), at);
  assert.deepEqual(readDate('2026-11-21T09:00:00.123456789Z'), at);
});

test('what the calendar does not have is no date', () => {
  const odd = [
    '',
    'Sat Nov 31 09:00:00 UTC 2026',
    'Sat Nov 21 24:00:00 UTC 2026',
    'Sat Nov 21 09:00:60 UTC 2026',
    'Sat Nov 21 09:00:00 CET 2026',
    'Sat Foo 21 09:00:00 UTC 2026',
    'Sun, 29 Feb 2026 09:00:00 +0000',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    'Sat Nov 21 09:00:00 UTC 2026\n',
  ];
  for (const text of odd) assert.equal(readDate(text), undefined, text);
});

function real(seconds: number, ...options: string[]): string {
  const env = { PATH: '/usr/bin:/bin', LC_ALL: 'POSIX' };
  const argv = ['-u', ...options, '-d', `@${seconds}`];
  return execFileSync('date', argv, { env, encoding: 'utf8' }).trim();
}
