import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isPlainPath, matchesPath } from './path-pattern.ts';

describe('matchesPath', () => {
  const cases: [string, string, boolean][] = [
    ['dists/sid', 'dists/sid', true],
    ['dists/sid', 'dists/sid/main/Release', true],
    ['dists/sid', 'dists/sidux', false],
    ['dists/sid', 'dists', false],
    ['dists/*', 'dists/sid', true],
    ['dists/*', 'dists', false],
    ['*.deb', 'a.deb', true],
    ['*.deb', 'pool/a.deb', false],
    ['**/*.deb', 'pool/main/a/a.deb', true],
    ['**/*.deb', 'a.deb', true],
    ['pool/**/a?c', 'pool/x/y/abc', true],
    ['pool/**/a?c', 'pool/x/y/ac', false],
    ['**', 'anything/at/all', true],
    ['a.b', 'axb', false],
    ['[ab]', 'a', false],
    ['é?', 'éü', true],
  ];
  for (const [pattern, path, expected] of cases) {
    test(`${pattern} ${expected ? 'stands' : 'does not stand'} for ${path}`, () => {
      assert.equal(matchesPath(pattern, path), expected);
    });
  }

  test('a hostile pattern and path take no time', () => {
    const started = performance.now();
    const stars = '*a'.repeat(200);
    assert.equal(matchesPath(`${stars}b`, 'a'.repeat(3000)), false);
    const deep = `${'**/a/'.repeat(50)}b`;
    assert.equal(matchesPath(deep, 'a/'.repeat(1000).slice(0, -1)), false);
    assert.ok(performance.now() - started < 1000);
  });
});

test('isPlainPath', () => {
  assert.ok(isPlainPath('a/b/.hidden/..x'));
  for (const path of ['', '/a', 'a/', 'a//b', '.', 'a/../b', 'a/./b', 'a\0b', 'a\n']) {
    assert.equal(isPlainPath(path), false, path);
  }
});
