import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileRules, mayNotify } from './access.ts';

const rules = compileRules([
  { name: 'hub', key: '', from: ['192.0.2.0/24', '2001:db8::/32'], archives: ['debian'] },
  { name: 'master', key: '', from: [] },
]);
const at = new Date('2026-11-21T00:00:00Z');
const may = (mirror: string | undefined, archive: string, from?: string) =>
  mayNotify(
    rules,
    { ...(mirror === undefined ? {} : { mirror }), ...(from === undefined ? {} : { from }) },
    archive,
    at,
  ).allowed;

test('a peer may notify of what it is configured for, from where it is, and nobody else may', () => {
  assert.equal(may('hub', 'debian', '192.0.2.7'), true);
  assert.equal(may('hub', 'debian', '::ffff:192.0.2.7'), true);
  assert.equal(may('hub', 'debian', '2001:db8::1'), true);
  assert.equal(may('hub', 'debian', '198.51.100.1'), false);
  assert.equal(may('hub', 'debian'), false, 'an address that is not known is no address');
  assert.equal(may('hub', 'ubuntu', '192.0.2.7'), false);
  assert.equal(may('master', 'anything', '198.51.100.1'), true);
  assert.equal(may('stranger', 'debian', '192.0.2.7'), false);
  assert.equal(may(undefined, 'debian', '192.0.2.7'), false);
});

test('a refusal has its reason', () => {
  const { reason } = mayNotify(rules, { mirror: 'hub', from: '10.0.0.1' }, 'debian', at);
  assert.equal(reason, 'No rule allows trigger of archive debian, from 10.0.0.1 by hub.');
});
