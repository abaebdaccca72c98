import assert from 'node:assert/strict';
import { test } from 'node:test';
import { treeOf } from '../registry/tree.ts';
import { pullsFrom, slotsOf } from './slots.ts';

const place = (name: string, upstream: string | null) => ({
  name,
  upstream,
  kind: 'agent' as const,
});
const tree = treeOf([place('hub', null), place('sub', 'hub'), place('leaf', 'sub')]);

void test('an upstream has as many slots as was set, else what its tier has', () => {
  assert.equal(slotsOf(undefined, tree), 64);
  assert.equal(slotsOf({ name: 'hub', slots: null }, tree), 32);
  assert.equal(slotsOf({ name: 'sub', slots: null }, tree), 16);
  assert.equal(slotsOf({ name: 'sub', slots: 3 }, tree), 3);
});

void test('a mirror pulls from the nearest upstream that lives', () => {
  const from = (dead: string[]) => pullsFrom({ name: 'leaf' }, tree, (one) => dead.includes(one));
  assert.equal(from([]), 'sub');
  assert.equal(from(['sub']), 'hub');
  assert.equal(from(['sub', 'hub']), 'master');
});
