import assert from 'node:assert/strict';
import { test } from 'node:test';
import { treeLines } from './mirror-tree.ts';

test('the tree is drawn below the master, and nothing is left out', () => {
  const leaf = (name: string, upstream: string | null, note = '') => ({ name, upstream, note });
  const lines = treeLines('master', [
    leaf('hub1', null, 'DE'),
    leaf('hub2', null),
    leaf('leaf1', 'hub1'),
    leaf('leaf2', 'hub1', 'paused'),
    leaf('lost', 'gone'),
  ]);
  assert.deepEqual(lines, [
    'master',
    '├─ hub1  DE',
    '│  ├─ leaf1',
    '│  └─ leaf2  paused',
    '└─ hub2',
    'lost  (below gone, which is not there)',
  ]);
});
