import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { readShellSettings } from './shell-settings.ts';

const valuesOf = (text: string, known = {}) =>
  Object.fromEntries(
    [...readShellSettings(text, known).settings].map(([name, { value }]) => [name, value]),
  );

/** What bash makes of it. */
function inBash(text: string, name: string): string {
  const script = `${text}\nprintf '%s' "\${${name}-}"`;
  return spawnSync('bash', ['-c', script], { env: {}, encoding: 'utf8' }).stdout;
}

void test('settings are read as bash reads them', () => {
  const text = [
    '# a comment',
    'A=plain',
    "B='single $A `x`'",
    'C="double $A ${A}x \\"quoted\\" \\$A"   # behind',
    'D=a"b c"\'d e\'f\\ g',
    'export E=',
    'F="first',
    'second \\',
    'third"',
    'F+=" more"',
    '  G=indented',
  ].join('\n');
  const values = valuesOf(text);
  for (const name of 'ABCDEFG') assert.equal(values[name], inBash(text, name), name);
  assert.deepEqual(readShellSettings(text).notUnderstood, []);
  assert.equal(readShellSettings(text).settings.get('G')?.line, 11);
});

void test('what only a shell could say is listed with its line, and never run', () => {
  const text = [
    'MIRRORNAME=`hostname -f`',
    'X=$(touch /tmp/pushmirror-never)',
    'Y=$UNKNOWN',
    'if true; then',
    '  TO=/wrong',
    'fi',
    'rm -rf /nowhere',
    'Z=1; rm x',
    'source other',
    'TO=/right',
    'W="open',
  ].join('\n');
  const { settings, notUnderstood } = readShellSettings(text);
  assert.deepEqual([...settings.keys()], ['TO']);
  assert.equal(settings.get('TO')?.value, '/right');
  assert.deepEqual(
    notUnderstood.map(({ line }) => line),
    [1, 2, 3, 4, 5, 6, 7, 8, 9, 11],
  );
  assert.equal(notUnderstood[0]?.why, 'it runs a program');
});

void test('names that are known from elsewhere can be referred to', () => {
  assert.deepEqual(valuesOf('L=${HOME}/log\nM=~/log', { HOME: '/home/x' }), {
    L: '/home/x/log',
    M: '/home/x/log',
  });
});

void test('whatever the text, it ends, and every line is read or listed', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...'AB="\'\\$`(){}; \n#~+'.split('')) }),
      (text) => {
        const { settings, notUnderstood } = readShellSettings(text);
        const lines = text.split('\n').length;
        for (const { line } of [...settings.values(), ...notUnderstood]) {
          assert.equal(line >= 1 && line <= lines, true);
        }
      },
    ),
    { numRuns: 2_000 },
  );
});
