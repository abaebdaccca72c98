import assert from 'node:assert/strict';
import { test } from 'node:test';
import { healthOf } from './health.ts';
import type { SightState } from './probe/states.ts';
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

test('who shows readers something wrong is told of, whatever it says', () => {
  const one = (mirror: string, sight: SightState, state: StandingState = 'current') => ({
    mirror,
    archive: 'debian',
    state,
    sight: { state: sight },
  });
  assert.deepEqual(healthOf([one('a', 'fresh'), one('b', 'behind'), one('c', 'updating')]), {
    level: 'good',
    sentence: 'All 3 mirrors report the current release.',
  });
  assert.deepEqual(healthOf([one('a', 'contradicting'), one('b', 'frozen', 'silent')]), {
    level: 'trouble',
    sentence:
      '2 mirrors do not show readers what they should. The one mirror reports the current release.',
  });
  const both = healthOf([one('a', 'unreachable', 'failed'), one('b', 'wrong-content', 'paused')]);
  assert.equal(
    both.sentence,
    '1 mirror of 1 lacks a current release. 1 mirror does not show readers what it should.',
  );
});
