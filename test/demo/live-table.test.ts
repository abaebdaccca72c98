import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { createLiveTable, tableOf, type Row } from './live-table.ts';

const row = (mirror: string, state: string, more: Partial<Row> = {}): Row => ({
  mirror,
  tier: 1,
  upstream: 'master',
  state,
  serial: undefined,
  seconds: undefined,
  reason: undefined,
  ...more,
});

void test('the table lines up and sets leaves below their hub', () => {
  const rows = [
    row('hub1', 'committed', { serial: 2026112101, seconds: 1.25 }),
    row('leaf1-1', 'sending', { tier: 2, upstream: 'hub1' }),
  ];
  assert.deepEqual(tableOf(rows), [
    'mirror     pulls from  state      serial      after',
    'hub1       master      committed  2026112101  1.3 s',
    '  leaf1-1  hub1        sending    -',
  ]);
});

void test('elsewhere than on a terminal each change is one line', () => {
  const stream = new PassThrough();
  const table = createLiveTable(stream as unknown as NodeJS.WriteStream);
  table.update([row('hub1', 'waiting')]);
  table.update([row('hub1', 'waiting')]);
  table.update([row('hub1', 'unreachable', { reason: 'connection refused' })]);
  const said = (stream.read() as Buffer).toString();
  assert.equal(said, '  hub1     waiting\n  hub1     unreachable (connection refused)\n');
});
