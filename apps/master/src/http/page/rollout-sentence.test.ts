import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RolloutOverview } from '../../monitor/overview.ts';
import { rolloutSentence } from './rollout-sentence.ts';

const at = '2026-11-21T09:00:00.000Z';
const now = new Date('2026-11-21T09:03:00Z');
const waves = JSON.stringify({
  switch: 'as-ready',
  stageDeadlineMs: 1000,
  waves: [
    {
      name: 'canary',
      mirrors: ['hub'],
      bakeMs: 0,
      deadlineMs: 1000,
      gate: { committed: { percent: 100 }, observed: true, check: null },
    },
  ],
});
const rollout = (more: Partial<RolloutOverview['release']>): RolloutOverview => ({
  release: {
    archive: 'debian',
    serial: 7,
    epoch: 1,
    manifest_sha256: null,
    manifest_bytes: null,
    issued_at: at,
    expires_at: at,
    files: 1,
    bytes: 1,
    changed: 1,
    dropped: 0,
    seconds: 1,
    published_at: at,
    published_by: 'dak',
    pruned_at: null,
    urgent: 0,
    switch: 'as-ready',
    waves,
    wave: 0,
    phase: 'sending',
    phase_at: at,
    public_at: null,
    held_at: null,
    held_reason: null,
    held_by: null,
    ...more,
  },
  counts: [
    { wave: 0, state: 'committed', count: 1 },
    { wave: 0, state: 'staged', count: 1 },
    { wave: 1, state: 'waiting', count: 8 },
  ],
});
const text = (more: Partial<RolloutOverview['release']>) =>
  rolloutSentence(rollout(more), now)?.text ?? null;

test('a wave is tried, then watched; when all may have it there is nothing to say', () => {
  const end = ' at the wave canary (wave 1 of 2): 1 of 2 mirrors has it. The others follow.';
  assert.equal(text({}), `Release 7 is tried${end}`);
  assert.equal(text({ phase: 'baking' }), `Release 7 is watched${end}`);
  const baking = {
    phase: 'baking',
    waves: waves.replace('"bakeMs":0', '"bakeMs":600000'),
  } as const;
  assert.match(text(baking) ?? '', /\(wave 1 of 2\) until 21 Nov 2026 09:10 UTC: 1 of 2/);
  assert.equal(text({ phase: 'done', public_at: at, wave: 1 }), null);
});

test('switching together counts those that are ready', () => {
  assert.match(text({ switch: 'together', phase: 'staging' }) ?? '', /together: 2 of 2 mirrors/);
  assert.match(text({ switch: 'together', phase: 'committing' }) ?? '', /1 of 2 mirrors have\./);
});

test('a hold says since when and why', () => {
  const held = { held_at: at, held_reason: 'a <b>\u202e', held_by: 'someone' };
  assert.equal(text(held), 'Release 7 is held, 3\u00a0min ago: a <b>');
});
