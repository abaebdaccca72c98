import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { architectureFilters } from './architectures.ts';

const FTPSYNC = '/usr/bin/ftpsync';

/** What the functions of the installed ftpsync add to its rsync call. */
function ftpsyncFilters(include: string[], exclude: string[]): string[] {
  const source = readFileSync(FTPSYNC, 'utf8');
  const functions = ['arch_imexclude', 'arch_exclude', 'arch_include', 'set_exclude_include_archs']
    .map((name) => new RegExp(`^${name}\\(\\) \\{$.*?^\\}$`, 'ms').exec(source)?.[0])
    .join('\n');
  const script = `set -uf; _RSYNC=(); ARCH_INCLUDE="$1"; ARCH_EXCLUDE="$2"
    ${functions}
    set_exclude_include_archs; [ \${#_RSYNC[@]} = 0 ] || printf '%s\\n' "\${_RSYNC[@]}"`;
  const argv = ['-c', script, 'bash', include.join(' '), exclude.join(' ')];
  const lines = execFileSync('bash', argv, { encoding: 'utf8' }).split('\n');
  return lines.filter((line) => line !== '');
}

const cases: [string[], string[]][] = [
  [[], []],
  [['amd64', 'arm64', 'source'], []],
  [['source'], []],
  [['amd64'], []],
  [[], ['s390x', 'hurd-i386']],
  [[], ['source']],
];

void test(
  'the filters for architectures are those of the installed ftpsync',
  { skip: existsSync(FTPSYNC) ? false : 'ftpsync is not installed' },
  () => {
    for (const [include, exclude] of cases) {
      assert.deepEqual(
        architectureFilters({ include, exclude }),
        ftpsyncFilters(include, exclude),
        JSON.stringify([include, exclude]),
      );
    }
  },
);

void test('both lists at once are refused, as ftpsync does', () => {
  assert.throws(() => architectureFilters({ include: ['amd64'], exclude: ['i386'] }), {
    code: 'settings',
    retry: false,
  });
});
