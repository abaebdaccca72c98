import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healthOf } from './health.ts';
import type { StandingState } from './standing.ts';

const network = (...states: StandingState[]) =>
  healthOf(states.map((state, index) => ({ mirror: `m${index}`, archive: 'debian', state })));

test('one line says how the network is', () => {
  assert.deepEqual(network('current', 'current', 'silent', 'paused'), {
    level: 'good',
    sentence: 'All 2 mirrors report the current release.',
  });
  assert.deepEqual(network('current', 'on-its-way', 'on-its-way'), {
    level: 'moving',
    sentence: 'A release is on its way: 1 of 3 mirrors has it.',
  });
  assert.deepEqual(network('current', 'failed', 'on-its-way'), {
    level: 'trouble',
    sentence: '1 mirror of 3 lacks a current release. A release is on its way to 1 mirror.',
  });
  assert.equal(network().level, 'empty');
});

test('a mirror with two archives counts once', () => {
  const health = healthOf([
    { mirror: 'm', archive: 'a', state: 'current' },
    { mirror: 'm', archive: 'b', state: 'behind' },
  ]);
  assert.equal(health.sentence, '1 mirror of 1 lacks a current release.');
});
