import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkRule } from './check-rule.ts';
import { AclError } from './errors.ts';
import type { Rule } from './rule.ts';

const good: Rule = {
  id: 'embargo-1',
  effect: 'allow',
  who: { mirror: 'leaf1', key: `SHA256:${'a'.repeat(43)}`, tier: 0 },
  action: 'pull',
  archive: 'debian',
  path: 'dists/embargo/**',
  from: ['192.0.2.0/24'],
  validFrom: new Date(1),
  validUntil: new Date(2),
};

test('a good rule passes', () => checkRule(good));

const bad: [string, Partial<Rule>, RegExp][] = [
  ['a strange id', { id: 'a\nb' }, /id/],
  ['a mirror that is none', { who: { mirror: '../x' } }, /mirror name/],
  ['a whole key', { who: { key: 'AAAAC3' } }, /fingerprint/],
  ['half a tier', { who: { tier: 1.5 } }, /tier/],
  ['an archive that is none', { archive: 'a/b' }, /archive name/],
  ['a path that leaves the archive', { path: '../x' }, /plain/],
  ['no address at all', { from: [] }, /leave it out/],
  ['a short address', { from: ['10.1'] }, /"10\.1"/],
  ['an end before the beginning', { validFrom: new Date(3) }, /before it begins/],
  ['a date that is none', { validFrom: new Date(Number.NaN) }, /dates/],
];
for (const [name, part, why] of bad) {
  test(`${name} is refused`, () => {
    assert.throws(
      () => checkRule({ ...good, ...part }),
      (error) => error instanceof AclError && why.test(error.message),
    );
  });
}

test('a path without an archive is refused', () => {
  const { archive: _, ...rule } = good;
  assert.throws(() => checkRule(rule), /name the archive too/);
});
