import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sourceOf } from './ssh-limits.ts';

test('an IPv4 address is a source of its own, however it is written', () => {
  assert.equal(sourceOf('192.0.2.1'), '192.0.2.1');
  assert.equal(sourceOf('::ffff:192.0.2.1'), '192.0.2.1');
});

test('a host with IPv6 is its /64 network', () => {
  assert.equal(sourceOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64');
  assert.equal(sourceOf('2001:db8:1:2::9'), '2001:db8:1:2::/64');
  assert.equal(sourceOf('2001:db8::9'), '2001:db8:0:0::/64');
  assert.equal(sourceOf('::1'), '0:0:0:0::/64');
  assert.equal(sourceOf('fe80::1%eth0'), 'fe80:0:0:0::/64');
});

test('no text makes it fail', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string(), fc.ipV6()),
      (text) => sourceOf(text).length > 0 || text === '',
    ),
  );
});
