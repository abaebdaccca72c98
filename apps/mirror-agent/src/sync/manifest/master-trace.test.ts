import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTrace, parseTrace } from '@pushmirror/trace';
import { masterTraceFor } from './master-trace.ts';

const issued = new Date('2026-11-21T09:00:00Z');
const head = {
  network: 'example',
  archive: 'debian',
  epoch: 1,
  serial: 2026112102,
  issued,
  expires: new Date('2026-11-22T09:00:00Z'),
};
const ours = {
  date: new Date('2026-11-20T09:00:00Z'),
  archiveSerial: '2026112101',
  creator: 'pushmirror 0.1.0',
  runningOnHost: 'ftp.example.org',
  head: { epoch: 1, serial: 2026112101 },
};

void test('the trace file of the master says what is being committed, as it will say it itself', () => {
  const after = parseTrace(masterTraceFor(Buffer.from(formatTrace(ours)), head).toString());
  assert.deepEqual(after, {
    ...ours,
    date: issued,
    archiveSerial: '2026112102',
    head: { epoch: 1, serial: 2026112102 },
    headIssued: issued,
  });
});

void test('one of this release, or of another program, stays byte for byte', () => {
  const same = Buffer.from(formatTrace({ ...ours, head: { epoch: 1, serial: 2026112102 } }));
  const dak = Buffer.from(formatTrace({ ...ours, creator: 'dak' }));
  for (const text of [same, dak]) assert.equal(masterTraceFor(text, head), text);
});
