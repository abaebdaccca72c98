import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manners, planFaults } from './schedule.ts';

const killed = ['master', 'hub1', 'hub2'];
const flapping = ['leaf1', 'leaf2'];

void test('the same seed makes the same faults, another seed makes others', () => {
  const plan = (seed: number) => planFaults({ seed, publishes: 50, killed, flapping });
  assert.deepEqual(plan(7), plan(7));
  assert.notDeepEqual(plan(7), plan(8));
});

void test('also the shortest run kills everybody once, cuts each flapping mirror off, and tries every manner', () => {
  for (let seed = 1; seed <= 200; seed += 1) {
    const steps = planFaults({ seed, publishes: 6, killed, flapping });
    const kills = new Set(steps.flatMap((step) => step.kills.map(({ who }) => who)));
    const cuts = new Set(steps.flatMap((step) => step.cut.map(({ mirror }) => mirror)));
    assert.deepEqual([...kills].toSorted(), killed.toSorted());
    assert.deepEqual([...cuts].toSorted(), flapping);
    const tried = new Set(steps.map(({ manner = 'as-ready' }) => manner));
    assert.equal(tried.size, manners.length);
    assert.equal(steps.filter(({ isHalted }) => isHalted).length, 1);
  }
});

void test('a mirror is cut off and mended in turn', () => {
  const steps = planFaults({ seed: 3, publishes: 200, killed, flapping });
  for (const mirror of flapping) {
    const turns = steps.flatMap(({ cut, mend }) => [
      ...(mend.includes(mirror) ? ['mend'] : []),
      ...(cut.some((one) => one.mirror === mirror) ? ['cut'] : []),
    ]);
    assert.ok(turns.length > 20);
    turns.forEach((turn, index) => assert.equal(turn, index % 2 === 0 ? 'cut' : 'mend'));
  }
});
