import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeQuarantine } from './judge-quarantine.ts';
import type { SightState } from './states.ts';

const now = new Date('2026-11-21T12:00:00Z');
const at = '2026-11-21T11:55:00.000Z';
const before = '2026-11-21T11:45:00.000Z';
const sight = (vantage: string, state: SightState, more: object = {}) => ({
  archive: 'debian',
  vantage,
  state,
  at,
  since: before,
  reason: 'It is wrong.',
  ...more,
});
const free = { isQuarantined: false, by: null, good: 0 };
const held = (good: number) => ({ isQuarantined: true, by: 'seen' as const, good });
const judge = (
  mirror: Parameters<typeof judgeQuarantine>[0],
  ...sights: ReturnType<typeof sight>[]
) => judgeQuarantine(mirror, sights, { recentMs: 30 * 60_000, vantages: ['master'], now });

test('one vantage point must see it twice', () => {
  assert.equal(judge(free, sight('master', 'unsigned', { since: at })).do, 'nothing');
  assert.deepEqual(judge(free, sight('master', 'unsigned')), {
    do: 'begin',
    reason: 'Of debian: It is wrong.',
  });
});

test('several: more than half must see it, whatever one of them says', () => {
  const wrong = (vantage: string) => sight(vantage, 'wrong-content', { since: at });
  assert.equal(judge(free, wrong('master'), sight('a', 'fresh')).do, 'nothing');
  assert.equal(
    judge(free, wrong('master'), sight('a', 'fresh'), sight('b', 'fresh')).do,
    'nothing',
  );
  assert.equal(judge(free, wrong('master'), wrong('a'), sight('b', 'fresh')).do, 'begin');
  const stale = { at: '2026-11-21T01:00:00.000Z' };
  assert.equal(
    judge(free, wrong('master'), wrong('a'), sight('b', 'unsigned', stale)).do,
    'begin',
    'looks of long ago do not count',
  );
});

test('a vantage point that has not come to this mirror yet is waited for', () => {
  const sights = [sight('master', 'unsigned')];
  const o = { recentMs: 30 * 60_000, vantages: ['master', 'a'], now };
  assert.equal(judgeQuarantine(free, sights, o).do, 'nothing');
  const both = [...sights, sight('a', 'unsigned', { since: at })];
  assert.deepEqual(judgeQuarantine(free, both, o), {
    do: 'begin',
    reason: 'Of debian: It is wrong. (2 of 2 saw it)',
  });
});

test('to be late or down is no crime', () => {
  for (const state of ['behind', 'unreachable', 'frozen', 'certificate', 'empty'] as const) {
    assert.equal(judge(free, sight('master', state)).do, 'nothing', state);
  }
});

test('half open: three good looks in a row let it out, a bad one begins anew', () => {
  assert.deepEqual(judge(held(0), sight('master', 'fresh')), { do: 'note', good: 1 });
  assert.deepEqual(judge(held(1), sight('master', 'behind')), { do: 'note', good: 2 });
  assert.deepEqual(judge(held(2), sight('master', 'fresh')), { do: 'end' });
  assert.deepEqual(judge(held(2), sight('master', 'unsigned')), { do: 'note', good: 0 });
  assert.deepEqual(judge(held(2), sight('master', 'unreachable')), { do: 'nothing' });
  assert.deepEqual(judge(held(2), sight('master', 'fresh'), sight('a', 'unsigned')).do, 'note');
});

test('what the pushes put there, the pushes let out', () => {
  const mirror = { isQuarantined: true, by: 'unreached' as const, good: 0 };
  assert.equal(judge(mirror, sight('master', 'fresh')).do, 'nothing');
});
