import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { mayComeFrom } from './pull-guard.ts';

test('each user comes from its own addresses only', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'guard-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'guard.json');
  const ranges = { leaf1_1: ['192.0.2.0/24', '2001:db8::/32'], leaf2_1: ['::/0'], leaf3_1: [] };
  writeFileSync(file, JSON.stringify(ranges));
  assert.ok(mayComeFrom(file, 'leaf1_1', '192.0.2.9'));
  assert.ok(mayComeFrom(file, 'leaf1_1', '2001:db8::9'));
  assert.ok(mayComeFrom(file, 'leaf1_1', '::ffff:192.0.2.9'));
  assert.ok(!mayComeFrom(file, 'leaf1_1', '198.51.100.1'));
  assert.ok(mayComeFrom(file, 'leaf2_1', '2001:db8::9'));
  assert.ok(!mayComeFrom(file, 'leaf2_1', '192.0.2.9'), 'ranges of IPv6 are of IPv6 alone');
  for (const user of ['leaf3_1', 'leaf4_1', '', 'toString']) {
    assert.ok(!mayComeFrom(file, user, '192.0.2.9'), user);
  }
  assert.ok(!mayComeFrom(file, 'leaf1_1', 'UNKNOWN'));
});
