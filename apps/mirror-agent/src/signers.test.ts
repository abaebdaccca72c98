import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeKey, tempFolder } from './fixtures.test.ts';
import { openSigners } from './signers.ts';

const root = tempFolder();

test('a list of signers may name nobody at the start, is read again, and does not vanish by mistake', () => {
  const path = join(root, 'allowed_signers');
  writeFileSync(path, '# all upstreams are stock mirrors\n');
  const problems: string[] = [];
  const { current } = openSigners({
    path,
    learntPath: join(root, 'learnt'),
    network: 'net',
    now: () => new Date(),
    onProblem: (reason) => problems.push(reason),
  });
  assert.deepEqual(current(), []);
  assert.match(problems.join(), /names nobody: no head is believed/);
  writeFileSync(path, `net namespaces="pushmirror-head" ${makeKey(join(root, 'key'))}\n`);
  assert.equal(current().length, 1);
  writeFileSync(path, '');
  assert.equal(current().length, 1);
  assert.equal(problems.length, 2);
});

test('a file that cannot be used at the start is refused, with what is wrong in it', () => {
  const open = (path: string) =>
    openSigners({
      path,
      learntPath: join(root, 'learnt-not'),
      network: 'net',
      now: () => new Date(),
      onProblem: () => {},
    });
  const odd = join(root, 'odd');
  writeFileSync(odd, 'alone\n');
  assert.throws(() => open(odd), /odd:1: it must be: principals \[options\] keytype base64/);
  assert.throws(() => open(root), /cannot be read \(it is a folder, EISDIR\)/);
});
