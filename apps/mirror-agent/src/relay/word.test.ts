import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wordFor } from './word.ts';

void test('an agent is told to stage, then to commit; or all at once', () => {
  const fresh = { word: 'all', state: 'waiting' } as const;
  assert.equal(wordFor(fresh, 'agent', 'staged'), 'stage1');
  assert.equal(wordFor(fresh, 'agent', 'committing'), 'all');
  assert.equal(wordFor(fresh, 'agent', 'committed'), 'all');
  const staging = { word: 'stage1', state: 'accepted' } as const;
  assert.equal(wordFor(staging, 'agent', 'staged'), undefined);
  assert.equal(wordFor(staging, 'agent', 'committing'), 'stage2');
  assert.equal(wordFor({ ...staging, state: 'unreachable' }, 'agent', 'committing'), 'all');
  for (const word of ['stage2', 'all'] as const) {
    assert.equal(wordFor({ word, state: 'accepted' }, 'agent', 'committed'), undefined, word);
  }
  assert.equal(wordFor({ word: 'stage2', state: 'unreachable' }, 'agent', 'committed'), 'stage2');
});

void test('a stock mirror is told once, when there is something to pull', () => {
  const fresh = { word: 'all', state: 'waiting' } as const;
  assert.equal(wordFor(fresh, 'ftpsync', 'staged'), undefined);
  assert.equal(wordFor(fresh, 'ftpsync', 'committing'), undefined);
  assert.equal(wordFor(fresh, 'ftpsync', 'committed'), 'all');
  assert.equal(wordFor({ ...fresh, state: 'accepted' }, 'ftpsync', 'committed'), undefined);
});

void test('whoever has refused, or was given up, is left alone', () => {
  for (const state of ['refused', 'given-up', 'superseded'] as const) {
    assert.equal(wordFor({ word: 'stage1', state }, 'agent', 'committed'), undefined, state);
  }
});
