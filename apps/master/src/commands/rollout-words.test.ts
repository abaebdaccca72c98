import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Picture, PushView } from './rollout-picture.ts';
import { rolloutWords, whyOf } from './rollout-words.ts';

const at = '2026-11-21T09:00:00.000Z';
const now = new Date('2026-11-21T09:05:00Z');
const tally = { total: 2, committed: 1, failed: 0, open: 1, states: {} };
const push = (mirror: string, more: Partial<PushView> = {}): PushView => ({
  mirror,
  tier: 1,
  sender: 'master',
  state: 'staged',
  attempts: 1,
  reason: null,
  updatedAt: at,
  sentAt: at,
  acceptedAt: at,
  stagedAt: null,
  committedAt: null,
  wave: 0,
  leftBehindAt: null,
  observedAt: null,
  ...more,
});
const picture = (more: Partial<Picture['rollout']>, ...pushes: PushView[]): Picture => ({
  rollout: {
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
    mirrors: tally,
    urgent: false,
    switch: 'as-ready',
    wave: 0,
    phase: 'done',
    phaseAt: at,
    publicAt: at,
    held: null,
    waves: [],
    pushes,
    ...more,
  },
  pushes: new Map(pushes.map((one) => [one.mirror, one])),
});

test('a rollout that nobody conducts has nothing to say', () => {
  assert.deepEqual(rolloutWords(picture({}), now), []);
});

test('waves, what holds it, and that it is not public', () => {
  const waves: Picture['rollout']['waves'] = [
    { name: 'canary', state: 'now', mirrors: tally },
    { name: 'rest', state: 'later', mirrors: { ...tally, committed: 0 } },
  ];
  const held = { at, reason: 'bad\u001b[31m file', by: 'master' };
  const lines = rolloutWords(picture({ phase: 'baking', publicAt: null, waves, held }), now);
  assert.deepEqual(lines, [
    `HELD since ${at} by master: bad [31m file`,
    'waves: canary 1/2 (baking for 5\u00a0min), rest 0/2 (later)',
    'not public yet: mirrors that poll stay on the release before',
  ]);
});

test('together: who has staged, and who was left behind until it has caught up', () => {
  const late = push('late', { state: 'accepted', leftBehindAt: at });
  const caughtUp = push('caught-up', { state: 'committed', leftBehindAt: at });
  const staging = picture({ switch: 'together', phase: 'staging' }, push('a'), late);
  assert.match(rolloutWords(staging, now)[0] ?? '', /1 of 2 have staged for 5\u00a0min/);
  const after = picture({ switch: 'together', phase: 'committing' }, push('a'), late, caughtUp);
  assert.equal(rolloutWords(after, now).at(-1), 'left behind: late');
  assert.equal(whyOf(late), 'left behind');
  assert.equal(whyOf(caughtUp), null);
});
