import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isTerminal, nextPushState, pushStates, type PushState } from './push-state.ts';

const anyState = fc.constantFrom(...pushStates);
const anyNews = fc.array(anyState, { maxLength: 12 });

/** The state after some news, in the order given. */
function after(from: PushState, ...news: PushState[]): PushState {
  return news.reduce(nextPushState, from);
}

void describe('the life of a push', () => {
  void test('goes the ways of the design', () => {
    assert.equal(after('waiting', 'sending', 'accepted', 'staged', 'committed'), 'committed');
    assert.equal(after('waiting', 'sending', 'unreachable'), 'unreachable');
    assert.equal(after('unreachable', 'sending', 'accepted'), 'accepted');
    assert.equal(after('unreachable', 'given-up'), 'given-up');
    assert.equal(after('sending', 'refused'), 'refused');
    for (const state of pushStates.filter((one) => !isTerminal(one))) {
      assert.equal(after(state, 'superseded'), 'superseded');
    }
  });

  void test('ends in exactly four states', () => {
    const ends = pushStates.filter(isTerminal);
    assert.deepEqual(ends, ['committed', 'refused', 'given-up', 'superseded']);
  });

  void test('does not go back on late news', () => {
    assert.equal(after('staged', 'accepted'), 'staged');
    assert.equal(after('accepted', 'sending'), 'accepted');
    assert.equal(after('staged', 'unreachable'), 'staged');
    assert.equal(after('accepted', 'refused'), 'accepted');
    assert.equal(after('committed', 'superseded'), 'committed');
  });

  void test('a mirror that commits has committed, even after it was given up', () => {
    assert.equal(after('given-up', 'committed'), 'committed');
    assert.equal(after('refused', 'committed'), 'committed');
    assert.equal(after('given-up', 'accepted'), 'given-up');
    assert.equal(after('superseded', 'committed'), 'superseded');
  });
});

void describe('whatever the news', () => {
  const rank: Record<PushState, number> = {
    waiting: 0,
    sending: 0,
    unreachable: 0,
    accepted: 1,
    staged: 2,
    refused: 3,
    'given-up': 3,
    superseded: 4,
    committed: 4,
  };

  void test('the state is the old one or the new one, and news told twice changes nothing', () => {
    fc.assert(
      fc.property(anyState, anyState, (from, to) => {
        const next = nextPushState(from, to);
        assert(next === from || next === to);
        assert.equal(nextPushState(next, to), next);
      }),
    );
  });

  void test('progress never goes back', () => {
    fc.assert(
      fc.property(anyState, anyState, (from, to) => {
        assert(rank[nextPushState(from, to)] >= rank[from]);
      }),
    );
  });

  void test('a commit that was reported counts, unless a newer release came first', () => {
    fc.assert(
      fc.property(anyNews, anyNews, (before, behind) => {
        const early = before.filter((state) => state !== 'superseded');
        assert.equal(after('waiting', ...early, 'committed', ...behind), 'committed');
      }),
    );
  });

  void test("a mirror's own reports end alike in any order", () => {
    const reports: PushState[] = ['accepted', 'staged', 'committed'];
    const shuffled = fc.shuffledSubarray(reports, { minLength: 1 });
    fc.assert(
      fc.property(shuffled, (news) => {
        const inOrder = reports.filter((state) => news.includes(state));
        assert.equal(after('sending', ...news), inOrder.at(-1));
      }),
    );
  });
});
