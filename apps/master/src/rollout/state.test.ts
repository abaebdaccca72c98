import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isTerminal, pushStates } from '@pushmirror/trigger';
import fc from 'fast-check';
import { afterNews, tally, type PushNow } from './state.ts';

const fresh: PushNow = {
  state: 'waiting',
  attempts: 0,
  reason: null,
  next_attempt_at: null,
  sent_at: null,
  accepted_at: null,
  staged_at: null,
  committed_at: null,
};
const at = new Date('2026-11-21T09:00:00Z');
const later = new Date('2026-11-21T09:05:00Z');

test('a push goes its way, and each time is noted once', () => {
  const sending = afterNews(fresh, { state: 'sending', attempts: 1, at });
  assert.equal(sending?.sent_at, at.toISOString());
  const accepted = afterNews(sending ?? fresh, { state: 'accepted', attempts: 1, at: later });
  assert.equal(accepted?.sent_at, at.toISOString());
  assert.equal(accepted?.accepted_at, later.toISOString());
  const committed = afterNews(accepted ?? fresh, { state: 'committed', at: later });
  assert.equal(committed?.state, 'committed');
  assert.equal(committed?.staged_at, later.toISOString(), 'a commit implies that it was staged');
});

test('that it was sent may be heard after all else: then no later than it was accepted', () => {
  const committed = afterNews(fresh, { state: 'committed', at });
  assert.equal(committed?.sent_at, null, 'it may have come by itself');
  const known = afterNews(committed ?? fresh, { state: 'sending', attempts: 1, at: later });
  assert.deepEqual(
    [known?.state, known?.attempts, known?.sent_at],
    ['committed', 1, at.toISOString()],
  );
  const whole = afterNews(known ?? fresh, { state: 'accepted', attempts: 1, at: later });
  assert.equal(whole, undefined);
});

test('a reason stays while it is true and goes when the push moves on', () => {
  const stuck = afterNews(fresh, { state: 'unreachable', reason: 'no route', attempts: 1, at });
  assert.equal(stuck?.reason, 'no route');
  const again = afterNews(stuck ?? fresh, { state: 'sending', attempts: 2, at: later });
  assert.equal(again?.reason, null);
});

test('an unreachable push knows when it is tried again, and no other', () => {
  const news = {
    state: 'unreachable',
    reason: 'x',
    attempts: 1,
    at,
    nextAttemptAt: later,
  } as const;
  const stuck = afterNews(fresh, news);
  assert.equal(stuck?.next_attempt_at, later.toISOString());
  const accepted = afterNews(stuck ?? fresh, { state: 'accepted', at: later });
  assert.equal(accepted?.next_attempt_at, null);
});

test('the same news twice changes nothing', () => {
  const once = afterNews(fresh, { state: 'accepted', attempts: 1, at });
  assert.ok(once);
  assert.equal(afterNews(once, { state: 'accepted', attempts: 1, at: later }), undefined);
});

test('late news of the sender does not undo what the mirror said', () => {
  const staged = afterNews(fresh, { state: 'staged', at });
  assert.ok(staged);
  assert.equal(afterNews(staged, { state: 'unreachable', reason: 'x', at: later }), undefined);
});

test('whatever the news and their order: attempts and times never go back, terminal stays', () => {
  const news = fc.record({
    state: fc.constantFrom(...pushStates),
    attempts: fc.nat({ max: 9 }),
    reason: fc.option(fc.string(), { nil: undefined }),
    at: fc.constant(at),
  });
  fc.assert(
    fc.property(fc.array(news, { maxLength: 20 }), (all) => {
      let push: PushNow = fresh;
      for (const one of all) {
        const next = afterNews(push, one);
        if (next === undefined) continue;
        assert.ok(next.attempts >= push.attempts);
        assert.ok(push.accepted_at === null || next.accepted_at === push.accepted_at);
        if (isTerminal(push.state)) assert.ok(isTerminal(next.state));
        if (push.state === 'superseded') assert.equal(next.state, 'superseded');
        push = next;
      }
    }),
  );
});

test('a tally adds up', () => {
  const sum = tally([
    { state: 'committed', count: 5 },
    { state: 'refused', count: 1 },
    { state: 'given-up', count: 1 },
    { state: 'accepted', count: 2 },
    { state: 'superseded', count: 1 },
  ]);
  assert.deepEqual([sum.total, sum.committed, sum.failed, sum.open], [10, 5, 2, 2]);
});
