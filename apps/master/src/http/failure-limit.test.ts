import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFailureLimit } from './failure-limit.ts';

test('the addresses of one host in IPv6 are counted as one, those of others are not', () => {
  const clock = { now: new Date('2026-11-21T09:00:00Z') };
  const limit = createFailureLimit(() => clock.now);
  for (let i = 0; i < 60; i += 1) limit.count(`2001:db8:1:2::${i.toString(16)}`);
  const refused = { code: 'too-many-failures' };
  assert.throws(() => limit.check('2001:db8:1:2:ffff::1'), refused);
  limit.check('2001:db8:1:3::1');
  for (let i = 0; i < 60; i += 1) limit.count('192.0.2.1');
  assert.throws(() => limit.check('192.0.2.1'), refused);
  limit.check('192.0.2.2');
  clock.now = new Date(clock.now.getTime() + 60_000);
  limit.check('192.0.2.1');
});
