import assert from 'node:assert/strict';
import { test } from 'node:test';
import { heartbeatInterval, isHeartbeatDue } from './heartbeat.ts';

const hour = 3_600_000;
const issued = new Date('2026-11-21T00:00:00Z');
const head = { issued, expires: new Date(issued.getTime() + 24 * hour) };
const after = (hours: number) => new Date(issued.getTime() + hours * hour);

test('a head is issued anew after a third of its life', () => {
  assert.equal(isHeartbeatDue(head, after(7.9)), false);
  assert.equal(isHeartbeatDue(head, after(8)), true);
  assert.equal(isHeartbeatDue(head, after(48)), true, 'also when the master was away');
});

test('a head from the future is issued anew', () => {
  assert.equal(isHeartbeatDue(head, after(-1)), true);
});

test('it is looked at often enough to be in time', () => {
  assert.equal(heartbeatInterval(24 * hour), 60_000);
  assert.equal(heartbeatInterval(60_000), 5_000);
});
