import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type { PushState } from '@pushmirror/trigger';
import { goals } from './goals.ts';
import { openGoals } from './open-goals.ts';
import { pictureOf, takePush } from './rollout-picture.ts';
import { rolloutLines } from './rollout-lines.ts';

const at = '2026-11-21T09:00:00.000Z';
const push = (mirror: string, tier: number, state: PushState, reason: string | null = null) => ({
  mirror,
  tier,
  sender: 'master',
  state,
  attempts: 1,
  reason,
  updatedAt: at,
  sentAt: at,
  acceptedAt: null,
  stagedAt: null,
  committedAt: null,
  wave: 0,
  leftBehindAt: null,
  observedAt: null,
});
const picture = (...pushes: ReturnType<typeof push>[]) =>
  pictureOf({
    archive: 'debian',
    serial: 7,
    epoch: 1,
    publishedAt: at,
    publishedBy: 'dak',
    files: 1,
    bytes: 1,
    changed: 1,
    dropped: 0,
    prunedAt: null,
    urgent: false,
    switch: 'as-ready',
    wave: 0,
    phase: 'done',
    phaseAt: at,
    publicAt: at,
    held: null,
    waves: [],
    mirrors: { total: 0, committed: 0, failed: 0, open: 0, states: {} },
    pushes,
  });

test('goals are shares and numbers, of all or of a tier', () => {
  assert.deepEqual(goals('95%'), [{ goal: { percent: 95 } }]);
  assert.deepEqual(goals('tier1=100%,20', goals('5')), [
    { goal: { count: 5 } },
    { tier: 1, goal: { percent: 100 } },
    { goal: { count: 20 } },
  ]);
  for (const bad of ['tier0=1', 'tier=1', 'tier1', 'tier1=most', '1%%', '']) {
    assert.throws(() => goals(bad), bad);
  }
});

test('all goals count; one that nobody is left for has no hope', () => {
  const now = picture(
    push('hub', 1, 'committed'),
    push('hub2', 1, 'given-up'),
    push('leaf', 2, 'accepted'),
  );
  const of = (text: string) => {
    const { unmet, hopeful } = openGoals(goals(text), now);
    return [unmet.length, hopeful.length];
  };
  assert.deepEqual(of('tier1=50%'), [0, 0]);
  assert.deepEqual(of('tier1=100%'), [1, 0]);
  assert.deepEqual(of('tier1=50%,100%'), [1, 1]);
  assert.deepEqual(of('tier9=100%'), [0, 0], 'of none, all have it');
});

test('events move the picture, and late ones do not move it back', () => {
  const now = picture(push('leaf', 2, 'accepted'));
  const { tier: _, ...news } = push('leaf', 2, 'committed');
  const event = (more: object) =>
    JSON.stringify({ ...news, archive: 'debian', serial: 7, ...more });
  assert.equal(takePush(now, event({ updatedAt: '2026-11-21T08:59:00.000Z' })), undefined);
  assert.equal(takePush(now, event({ mirror: 'unknown' })), undefined);
  assert.equal(takePush(now, event({}))?.tier, 2);
  assert.equal(now.pushes.get('leaf')?.state, 'committed');
});

test('the live view: tiers, the slowest, the failed and why', () => {
  const now = picture(
    push('hub', 1, 'committed'),
    push('leaf', 2, 'unreachable', 'No route.\u001b[2J'),
    push('leaf2', 2, 'given-up', 'Host key changed.'),
  );
  const lines = rolloutLines(now, new Date('2026-11-21T09:01:00Z'));
  const plain = lines.map(stripVTControlCharacters);
  assert.match(plain[0] ?? '', /^debian 7, published .* ago: 1 of 3 committed$/);
  assert.deepEqual(
    plain.slice(2, 5).map((line) => line.trim().split(/\s+/)),
    [
      ['tier', 'waiting', 'sending', 'accepted', 'staged', 'committed', 'failed'],
      ['1', '0', '0', '0', '0', '1', '0'],
      ['2', '0', '1', '0', '0', '0', '1'],
    ],
  );
  const text = plain.join('\n');
  assert.match(text, /slowest of 1:\n {2}leaf {2}unreachable for .* {2}No route\. \[2J/);
  assert.match(text, /failed:\n {2}leaf2 {2}given-up {2}Host key changed\./);
  assert.ok(!lines.join('').includes('\u001b[2J'), 'a reason cannot steer the terminal');
});
