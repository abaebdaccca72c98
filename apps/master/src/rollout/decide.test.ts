import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pushStates, type PushState } from '@pushmirror/trigger';
import fc from 'fast-check';
import { stagersOf, decide, stepWithoutGate, type Member, type RolloutNow } from './decide.ts';
import type { Policy } from './policy.ts';

const HOUR = 3_600_000;
const began = new Date('2026-11-21T09:00:00Z');
const later = (ms: number) => new Date(began.getTime() + ms);
const policy: Policy = {
  switch: 'as-ready',
  stageDeadlineMs: HOUR,
  waves: [
    {
      name: 'canary',
      mirrors: ['a', 'b'],
      bakeMs: HOUR,
      deadlineMs: 2 * HOUR,
      gate: { committed: { percent: 100 }, observed: true, check: null },
    },
  ],
};
const members = (...states: PushState[]): Member[] =>
  states.map((state, index) => ({
    mirror: 'abcdef'[index] ?? 'z',
    state,
    hearer: 'agent',
    quarantined: 0,
  }));
const wave = (more: Partial<RolloutNow> = {}): RolloutNow => ({
  policy,
  switch: 'as-ready',
  phase: 'sending',
  phaseAt: began,
  held: false,
  wave: 0,
  members: members('committed', 'accepted'),
  ...more,
});

test('a wave is watched when enough of it have committed, then the gate is asked', () => {
  assert.deepEqual(decide(wave(), began), { do: 'wait', until: later(2 * HOUR) });
  const all = members('committed', 'committed');
  assert.deepEqual(decide(wave({ members: all }), began), { do: 'bake' });
  const baking = wave({ phase: 'baking', members: all });
  assert.deepEqual(decide(baking, later(HOUR - 1)), { do: 'wait', until: later(HOUR) });
  assert.deepEqual(decide(baking, later(HOUR)), { do: 'gate' });
});

test('a wave that cannot become good is held at once, one that takes too long at its deadline', () => {
  const failed = decide(wave({ members: members('committed', 'refused') }), began);
  assert.deepEqual(failed, { do: 'hold', reason: 'b (refused) of the wave canary failed.' });
  const late = decide(wave(), later(2 * HOUR));
  assert.equal(late.do, 'hold');
  assert.match(
    late.do === 'hold' ? late.reason : '',
    /only 1 of 2 \(100% wanted\).*b \(accepted\)/,
  );
});

test('those that cannot say anything count for nothing; when nobody counts, nobody has tried it', () => {
  const [a, b] = members('committed', 'waiting');
  assert.ok(a && b);
  assert.deepEqual(decide(wave({ members: [a, { ...b, quarantined: 1 }] }), began), { do: 'bake' });
  assert.deepEqual(decide(wave({ members: [a, { ...b, hearer: 'stock' }] }), began), {
    do: 'bake',
  });
  assert.equal(decide(wave({ members: [{ ...b, quarantined: 1 }] }), began).do, 'hold');
});

test('the barrier opens when all have staged or failed, or at the deadline without the others', () => {
  const staging = (...states: PushState[]) =>
    wave({ phase: 'staging', switch: 'together', wave: 1, members: members(...states) });
  const wait = { do: 'wait', until: later(HOUR) };
  assert.deepEqual(decide(staging('staged', 'accepted'), began), wait);
  assert.deepEqual(decide(staging('staged', 'unreachable'), began), wait);
  assert.deepEqual(decide(staging('staged', 'staged'), began), { do: 'open', leftBehind: [] });
  assert.deepEqual(decide(staging('staged', 'refused'), began), { do: 'open', leftBehind: ['b'] });
  assert.deepEqual(decide(staging('staged', 'accepted'), later(HOUR)), {
    do: 'open',
    leftBehind: ['b'],
  });
  assert.equal(decide(staging('accepted', 'unreachable'), later(HOUR)).do, 'hold', 'nobody staged');
  assert.deepEqual(decide(staging(), began), { do: 'open', leftBehind: [] }, 'nobody to wait for');
});

test('the last wave ends: as-ready at once, together when all its pushes have', () => {
  assert.deepEqual(decide(wave({ wave: 1 }), began), { do: 'end' });
  const committing = wave({ wave: 1, phase: 'committing', switch: 'together' });
  assert.deepEqual(decide(committing, later(9 * HOUR)), { do: 'wait' });
  const ended = { ...committing, members: members('committed', 'given-up') };
  assert.deepEqual(decide(ended, began), { do: 'end' });
});

test('a person may go on without the gate, and without waiting for the barrier', () => {
  assert.deepEqual(stepWithoutGate(wave()), { do: 'advance' });
  assert.deepEqual(stepWithoutGate(wave({ phase: 'staging' })), { do: 'open', leftBehind: ['b'] });
  assert.deepEqual(stepWithoutGate(wave({ wave: 1, phase: 'done' })), { do: 'wait' });
});

test('whatever its pushes: a held release does nothing, and a barrier never opens for the unstaged', () => {
  const member = fc.record({
    mirror: fc.string({ minLength: 1, maxLength: 3 }),
    state: fc.constantFrom(...pushStates),
    hearer: fc.constantFrom('agent' as const, 'stock' as const, 'staged stock' as const),
    quarantined: fc.constantFrom(0 as const, 1 as const),
  });
  const phase = fc.constantFrom('sending', 'staging', 'committing', 'baking', 'done');
  fc.assert(
    fc.property(fc.array(member), phase, fc.nat(1), fc.nat(3 * HOUR), (all, now, at, ms) => {
      const standing = wave({ members: all, phase: now, wave: at });
      assert.deepEqual(decide({ ...standing, held: true }, later(ms)), { do: 'wait' });
      const step = decide(standing, later(ms));
      if (step.do === 'open') {
        const ready = stagersOf(all).filter(
          ({ state }) => state === 'staged' || state === 'committed',
        );
        assert.ok(ready.length > 0 || stagersOf(all).length === 0);
        for (const { mirror, state } of stagersOf(all)) {
          const unready = state !== 'staged' && state !== 'committed';
          if (unready) assert.ok(step.leftBehind.includes(mirror));
        }
      }
      if (step.do === 'wait' && step.until !== undefined) assert.ok(step.until > later(ms));
    }),
  );
});
