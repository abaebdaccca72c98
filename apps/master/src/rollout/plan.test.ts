import assert from 'node:assert/strict';
import { test } from 'node:test';
import { treeOf } from '../registry/tree.ts';
import { planRollout, priorityIn, type Candidate } from './plan.ts';

const mirror = (name: string, upstream: string | null, state: Candidate['state'] = 'active') => ({
  name,
  kind: 'agent' as const,
  upstream,
  state,
});

test('every active mirror that opted in is told, by its own upstream', () => {
  const mirrors = [
    mirror('hub', null),
    mirror('leaf', 'hub'),
    mirror('resting', 'hub', 'paused'),
    mirror('elsewhere', null),
  ];
  assert.deepEqual(planRollout(mirrors, new Set(['hub', 'leaf', 'resting'])), [
    { mirror: 'hub', sender: 'master' },
    { mirror: 'leaf', sender: 'hub' },
  ]);
});

test('no mirrors, no pushes', () => {
  assert.deepEqual(planRollout([], new Set(['ghost'])), []);
});

test('those that others wait for go first', () => {
  const tree = treeOf([mirror('a', null), mirror('b', null), mirror('c', 'b')]);
  assert.deepEqual(['a', 'b', 'c'].map(priorityIn(tree)), ['healthy', 'hub', 'healthy']);
});
