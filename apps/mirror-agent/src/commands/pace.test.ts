import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLiveLine } from './live-line.ts';
import { Pace } from './pace.ts';

const MIB = 1024 * 1024;

test('rate and time left are those since it began, and anew when it begins anew', () => {
  let now = 0;
  const pace = new Pace(() => now);
  assert.equal(pace.tell(0, 0), '');
  now = 400;
  assert.equal(pace.tell(MIB, 0.1), '');
  now = 2_000;
  assert.equal(pace.tell(4 * MIB, 0.4), '2.0 MiB/s, 3.0 s left');
  now = 5_000;
  assert.equal(pace.tell(10 * MIB, 1), '2.0 MiB/s');
  assert.equal(pace.tell(5 * MIB, 0.5), '');
  now = 7_000;
  assert.equal(pace.tell(7 * MIB, 0.7), '1.0 MiB/s, 3.0 s left');
});

test('what stays is never mixed with the line that tells how far it is', () => {
  let now = 0;
  const written: string[] = [];
  const write = (text: string) => written.push(text);
  const live = createLiveLine({ write, isTTY: true, columns: 12 }, () => now);
  live.tell('one, and much more than fits');
  live.tell('too soon');
  live.print('stays');
  now = 100;
  live.tell('two');
  live.end();
  assert.deepEqual(written, [
    '\r\u001b[Kone, and mu',
    '\r\u001b[Kstays\n',
    '\r\u001b[Ktwo',
    '\r\u001b[K',
  ]);

  written.length = 0;
  const plain = createLiveLine({ write }, () => now);
  plain.tell('soon');
  plain.print('stays');
  now += 10_000;
  plain.tell('after ten seconds');
  plain.end();
  assert.deepEqual(written, ['stays\n', 'after ten seconds\n']);
});
