import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MasterError } from '../errors.ts';
import { MASTER, treeOf, type Place } from './tree.ts';

const agent = (name: string, upstream: string | null): Place => ({ name, kind: 'agent', upstream });

test('tiers, ways up, and who sends to whom', () => {
  const tree = treeOf([
    agent('leaf', 'stock'),
    { name: 'stock', kind: 'ftpsync', upstream: 'hub' },
    agent('hub', null),
    agent('other', null),
  ]);
  assert.equal(tree.tier('hub'), 1);
  assert.equal(tree.tier('leaf'), 3);
  assert.deepEqual(tree.ancestors('leaf'), ['stock', 'hub']);
  assert.deepEqual(tree.downstreams(MASTER), ['hub', 'other']);
  assert.equal(tree.descendants('hub'), 2);
  assert.equal(tree.senderOf('hub'), MASTER);
  assert.equal(tree.senderOf('stock'), 'hub');
  assert.equal(
    tree.senderOf('leaf'),
    MASTER,
    'a stock host does not report: the master looks at it',
  );
});

test('a circle is refused and named', () => {
  assert.throws(() => treeOf([agent('a', 'a')]), /a <- a/);
  assert.throws(
    () => treeOf([agent('a', 'b'), agent('b', 'c'), agent('c', 'a')]),
    (error) => error instanceof MasterError && error.code === 'cycle',
  );
  assert.throws(() => treeOf([agent('a', 'nobody')]), /no mirror nobody/);
});

test('any tree: each mirror is one tier below its upstream, and all hang on the master', () => {
  const parents = fc.array(fc.nat(), { maxLength: 60 });
  fc.assert(
    fc.property(parents, (picks) => {
      const places = picks.map((pick, index) =>
        agent(`m${index}`, index === 0 || pick % 3 === 0 ? null : `m${pick % index}`),
      );
      const tree = treeOf(places);
      for (const { name, upstream } of places) {
        assert.equal(tree.tier(name), upstream === null ? 1 : tree.tier(upstream) + 1);
        assert.ok(!tree.ancestors(name).includes(name));
        assert.ok(tree.downstreams(upstream ?? MASTER).includes(name));
      }
      const top = tree.downstreams(MASTER);
      const all = top.reduce((sum, name) => sum + 1 + tree.descendants(name), 0);
      assert.equal(all, places.length);
    }),
  );
});

test('any wiring at all is either a tree or refused', () => {
  const wiring = fc.array(fc.option(fc.nat({ max: 7 }), { nil: null }), { maxLength: 8 });
  fc.assert(
    fc.property(wiring, (upstreams) => {
      const places = upstreams.map((up, index) =>
        agent(`m${index}`, up === null ? null : `m${up}`),
      );
      try {
        const tree = treeOf(places);
        for (const { name } of places) assert.ok(tree.tier(name) <= places.length);
      } catch (error) {
        assert.ok(error instanceof MasterError);
      }
    }),
  );
});
