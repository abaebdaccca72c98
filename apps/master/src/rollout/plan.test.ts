import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planRollout, priorities, type Candidate } from './plan.ts';

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

test('those that most others wait for go first', () => {
  const rank = priorities([
    mirror('a', null),
    mirror('b', null),
    mirror('c', 'b'),
    mirror('d', 'c'),
  ]);
  assert.deepEqual(['a', 'b', 'c', 'd'].toSorted((x, y) => rank(y) - rank(x))[0], 'b');
  assert.equal(rank('a'), 0);
});
