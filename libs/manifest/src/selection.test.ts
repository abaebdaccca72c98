import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { selectionOf } from './selection.ts';

const folder = mkdtempSync(join(tmpdir(), 'pushmirror-selection-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const NAMES = [
  'a',
  'b',
  'ab',
  'binary-amd64',
  'a_amd64.deb',
  'a_i386.deb',
  'a.tar.xz',
  'x]y',
  'a*b',
];
const files = [
  ...NAMES,
  ...NAMES.map((name) => `pool/main/${name}`),
  ...NAMES.map((name) => `dists/sid/main/${name}/Packages`),
  ...NAMES.map((name) => `a/${name}/b/${name}.d/a`),
];

void test('the same paths are selected as by rsync with the same rules', () => {
  const tree = join(folder, 'tree');
  const made = files.filter((path) => path !== 'a' && path !== 'dists' && path !== 'pool');
  for (const path of made) {
    mkdirSync(join(tree, path, '..'), { recursive: true });
    writeFileSync(join(tree, path), '');
  }
  const everything = listed(tree, []);
  fc.assert(
    fc.property(fc.array(rules(), { maxLength: 5 }), (words) => {
      const carries = selectionOf(words);
      const theirs = listed(tree, words);
      const ours = everything.filter((line) => {
        return carries(line.replace(/\/$/, ''), line.endsWith('/'));
      });
      assert.deepEqual(ours, theirs);
    }),
    { numRuns: 40 },
  );
});

void test('rules of other kinds say nothing about what is carried', () => {
  const carries = selectionOf(['--filter=protect_/a', '--bwlimit=0', '--filter=exclude_/b']);
  assert.equal(carries('a', false), true);
  assert.equal(carries('b', false), false);
  assert.equal(carries('b/c', false), false);
});

/** What rsync would copy, in byte order; folders end with a slash. */
function listed(tree: string, words: readonly string[]): string[] {
  const args = ['-r', '--dry-run', '--out-format=%n', ...words, `${tree}/`, join(folder, 'none')];
  const out = execFileSync('rsync', args, { encoding: 'utf8' });
  return out
    .split('\n')
    .filter((line) => line !== '' && line !== './' && !line.startsWith('created directory'))
    .toSorted();
}

function rules(): fc.Arbitrary<string> {
  const words = [
    '*',
    '**',
    '?',
    '/',
    '[a-b]',
    '[!a]',
    '[^b]',
    'a',
    'b',
    'ab',
    '*.deb',
    '_amd64',
    '/***',
    'pool',
    'main',
    'dists',
    'binary-',
    'Packages',
    '\\*',
    'x]y',
    '[]x]',
    '.d',
    '[[:alpha:]]',
  ];
  const random = fc
    .array(fc.constantFrom(...words), { minLength: 1, maxLength: 4 })
    .map((parts) => parts.join(''));
  const real = fc.constantFrom(
    '/dists/**/binary-amd64/',
    '/dists/**/binary-*/',
    '/pool/**/*_amd64.deb',
    '/pool/**/*.tar.*',
    'main/a',
    'pool/***',
    '**/Packages',
  );
  return fc
    .tuple(
      fc.constantFrom('--filter=include_', '--exclude=', '--filter=exclude_'),
      fc.oneof(random, real),
    )
    .filter(([, pattern]) => !/^[!;#]/.test(pattern) && pattern !== '/')
    .map(([rule, pattern]) => rule + pattern);
}
