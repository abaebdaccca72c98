import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { SignedHead } from '@pushmirror/trigger';
import fc from 'fast-check';
import { nextStep, pauseAfter, type Situation } from './next-step.ts';

const at = (serial: number, issued = 0, epoch = 1): SignedHead => ({
  head: {
    network: 'net',
    archive: 'debian',
    epoch,
    serial,
    issued: new Date(issued),
    expires: new Date(issued + 1),
  },
  bytes: Buffer.from(`${epoch} ${serial} ${issued}`),
  body: Buffer.alloc(0),
  armour: '',
});
const step = (situation: Partial<Situation>) =>
  nextStep({
    goal: undefined,
    committed: undefined,
    mayCommit: true,
    canStage: true,
    requested: false,
    now: 1000,
    ...situation,
  });

describe('what an archive does next', () => {
  test('it syncs when it is behind, and rests when it is not', () => {
    assert.deepEqual(step({}), { kind: 'rest' });
    assert.deepEqual(step({ goal: at(1) }), { kind: 'sync' });
    assert.deepEqual(step({ goal: at(2), committed: at(1) }), { kind: 'sync' });
    assert.deepEqual(step({ goal: at(1, 0, 2), committed: at(9) }), { kind: 'sync' });
    assert.deepEqual(step({ goal: at(1), committed: at(1) }), { kind: 'rest' });
    assert.deepEqual(step({ goal: at(1), committed: at(2) }), { kind: 'rest' });
  });

  test('what may not be committed is staged, and then waits for permission', () => {
    const behind = { goal: at(2, 9), committed: at(1), mayCommit: false };
    assert.deepEqual(step(behind), { kind: 'sync' });
    assert.deepEqual(step({ ...behind, staged: at(2) }), { kind: 'await' });
    assert.deepEqual(step({ ...behind, staged: at(1) }), { kind: 'sync' }, 'of another release');
    const goal = at(2, 9);
    const permitted = { ...behind, goal, staged: at(2), mayCommit: true };
    assert.deepEqual(step(permitted), { kind: 'commit', signed: goal });
    assert.deepEqual(step({ ...permitted, failure: {} }), { kind: 'rest' });
    assert.deepEqual(step({ ...permitted, failure: { retryAt: 1500 } }), { kind: 'wait', ms: 500 });
    assert.deepEqual(step({ ...behind, staged: at(2), failure: { retryAt: 0 } }), {
      kind: 'await',
    });
  });

  test('what cannot be staged waits for permission as it is', () => {
    const behind = { goal: at(2), committed: at(1), mayCommit: false, canStage: false };
    assert.deepEqual(step(behind), { kind: 'await' });
    assert.deepEqual(step({ ...behind, requested: true }), { kind: 'sync' });
    assert.deepEqual(step({ ...behind, committed: at(2) }), { kind: 'rest' });
  });

  test('a request syncs whatever the heads say', () => {
    assert.deepEqual(step({ requested: true }), { kind: 'sync' });
    assert.deepEqual(step({ requested: true, goal: at(1), committed: at(1) }), { kind: 'sync' });
  });

  test('a newer issue of the same release is shown without a sync', () => {
    const goal = at(1, 5);
    assert.deepEqual(step({ goal, committed: at(1) }), { kind: 'renew', signed: goal });
  });

  test('after a failure it waits until it is time, or for a person', () => {
    const behind = { goal: at(1) };
    assert.deepEqual(step({ ...behind, failure: { retryAt: 1500 } }), { kind: 'wait', ms: 500 });
    assert.deepEqual(step({ ...behind, failure: { retryAt: 1000 } }), { kind: 'sync' });
    assert.deepEqual(step({ ...behind, failure: {} }), { kind: 'rest' });
    assert.deepEqual(step({ failure: { retryAt: 1500 } }), { kind: 'rest' });
  });
});

test('pauses grow to an hour and no more, with at least half of it left by the jitter', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10_000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (failures, r) => {
        const pause = pauseAfter(failures, () => r);
        assert.ok(pause >= 5_000 && pause <= 3_600_000);
      },
    ),
  );
  assert.equal(
    pauseAfter(1, () => 0.999999),
    10_000,
  );
  assert.equal(
    pauseAfter(100, () => 0),
    1_800_000,
  );
});
