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
