import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Outcome } from '../send/sender.ts';
import type { Result } from '../wire/reply.ts';
import { verdictOf } from './verdict.ts';

const replied = (result: Result, reason?: string): Outcome => ({
  kind: 'replied',
  exitCode: 0,
  reply: { result, ...(reason === undefined ? {} : { reason }) },
});
const ended = (exitCode: number, output = ''): Outcome => ({ kind: 'ended', exitCode, output });

const table: [name: string, outcome: Outcome, state: string, reason: RegExp | undefined][] = [
  ['accepted', replied('accepted'), 'accepted', undefined],
  ['a duplicate is as good', replied('duplicate'), 'accepted', undefined],
  ['refused', replied('refused', 'not for you'), 'refused', /^not for you$/],
  ['refused without a word', replied('refused'), 'refused', /without a reason/],
  ['malformed', replied('malformed'), 'refused', /cannot read our triggers/],
  ['busy', replied('busy', 'two syncs run'), 'unreachable', /is busy: two syncs run/],
  ['a stock mirror that is done', ended(0), 'accepted', undefined],
  ['a stock mirror with a lock', ended(1, 'Lock file exists'), 'unreachable', /another sync/],
  ['a stock mirror that failed', ended(1, 'rsync broke'), 'accepted', /exit code 1: rsync broke/],
  ['a stock mirror without configuration', ended(78), 'refused', /misconfigured/],
  ['a stock mirror behind a dead hop', ended(255, 'no route'), 'unreachable', /255: no route/],
  ['unreachable', { kind: 'unreachable', reason: 'dead' }, 'unreachable', /^dead$/],
  ['rejected', { kind: 'rejected', reason: 'other key' }, 'unreachable', /^other key$/],
];

for (const [name, outcome, state, reason] of table) {
  void test(name, () => {
    const verdict = verdictOf(outcome);
    assert.equal(verdict.state, state);
    if (reason === undefined) assert.equal(verdict.reason, undefined);
    else assert.match(verdict.reason ?? '', reason);
  });
}

void test('only what a person must mend is slow', () => {
  const slow = table
    .map(([, outcome]) => verdictOf(outcome))
    .filter((one) => 'slow' in one && one.slow);
  assert.deepEqual(slow, [verdictOf({ kind: 'rejected', reason: 'other key' })]);
});

void test('what a mirror says is made harmless, in the reason and in the reply', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 2_000 }), (said) => {
      const verdict = verdictOf(replied('refused', said));
      assert.match(verdict.reason ?? '', /^[\x20-\x7e]{1,500}$/);
      assert.match(verdict.reply?.reason ?? 'none', /^[\x20-\x7e]{1,500}$/);
    }),
  );
});
