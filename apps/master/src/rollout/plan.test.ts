import assert from 'node:assert/strict';
import { test } from 'node:test';
import { treeOf } from '../registry/tree.ts';
import { planRollout, type Candidate } from './plan.ts';
import { priorityOf } from './priority.ts';

const mirror = (name: string, upstream: string | null, state: Candidate['state'] = 'active') => ({
  name,
  kind: 'agent' as const,
  upstream,
  state,
  quarantined_at: null,
  quarantine_reason: null,
});

test('every active mirror that opted in is told, by its own upstream', () => {
  const mirrors = [
    mirror('hub', null),
    mirror('leaf', 'hub'),
    mirror('resting', 'hub', 'paused'),
    mirror('elsewhere', null),
  ];
  assert.deepEqual(planRollout(mirrors, new Set(['hub', 'leaf', 'resting']), { waves: [] }), [
    { mirror: 'hub', sender: 'master', wave: 0, quarantine: null },
    { mirror: 'leaf', sender: 'hub', wave: 0, quarantine: null },
  ]);
});

test('no mirrors, no pushes', () => {
  assert.deepEqual(planRollout([], new Set(['ghost']), { waves: [] }), []);
});

test('those that others wait for go first, those that were not reached last', () => {
  const tree = treeOf([mirror('a', null), mirror('b', null), mirror('c', 'b')]);
  const of = (name: string, urgent: 0 | 1, wasReached = true, quarantined: 0 | 1 = 0) =>
    priorityOf({ mirror: name, state: 'waiting', quarantined }, { urgent }, tree, wasReached);
  assert.deepEqual([of('a', 0), of('b', 0), of('b', 0, false)], ['healthy', 'hub', 'suspect']);
  assert.deepEqual([of('a', 1), of('b', 1, true, 1)], ['urgent', 'suspect']);
});
