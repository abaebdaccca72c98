import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Place } from '../registry/tree.ts';
import type { Wave } from './policy.ts';
import { membersOf } from './waves.ts';

const place = (name: string, upstream: string | null = null): Place => ({
  name,
  kind: 'agent',
  upstream,
});
const tree = [
  place('hub1'),
  place('leaf1', 'hub1'),
  place('below1', 'leaf1'),
  place('hub2'),
  place('leaf2', 'hub2'),
  place('alone'),
];
const waves = (...named: string[][]) => ({
  waves: named.map((mirrors) => ({ mirrors }) as Wave),
});
const split = (policy: { waves: Wave[] }) => membersOf(policy, tree).map(({ mirrors }) => mirrors);

test('without waves everybody is in the one wave', () => {
  assert.deepEqual(split(waves()), [tree.map(({ name }) => name).toSorted()]);
});

test('a wave that names a mirror takes the whole subtree of the tier-1 mirror above it', () => {
  assert.deepEqual(split(waves(['below1'], ['alone'])), [
    ['below1', 'hub1', 'leaf1'],
    ['alone'],
    ['hub2', 'leaf2'],
  ]);
});

test('the first wave that names one of a subtree has it; names that are gone take nobody', () => {
  assert.deepEqual(split(waves(['leaf2'], ['hub2', 'alone', 'gone'])), [
    ['hub2', 'leaf2'],
    ['alone'],
    ['below1', 'hub1', 'leaf1'],
  ]);
});
