import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseProgress, parseReceived } from './stats.ts';

void test('the last line of progress counts, and other output does not', () => {
  const output =
    '\r              3   0%    2.93kB/s    0:00:00 (xfr#1, to-chk=3/6)\r      1,081,347  36%' +
    '\r        2129923  70% 1015.63kB/s    0:00:00  ';
  assert.deepEqual(parseProgress(output), { bytes: 2129923, percent: 70 });
  assert.equal(parseProgress('deleting pool/100 50% off.deb\n'), undefined);
});

void test('bytes received are read from --stats', () => {
  const stats = 'Total bytes sent: 106\nTotal bytes received: 3000946\n\nsent 106 bytes\n';
  assert.equal(parseReceived(stats), 3000946);
  assert.equal(parseReceived(''), 0);
});
