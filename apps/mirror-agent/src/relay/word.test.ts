import assert from 'node:assert/strict';
import { test } from 'node:test';
import { wordFor } from './word.ts';

const AGENT = { kind: 'agent' } as const;
const STOCK = { kind: 'ftpsync' } as const;

void test('an agent is told to stage, then to commit; or all at once', () => {
  const fresh = { word: 'all', state: 'waiting' } as const;
  assert.equal(wordFor(fresh, AGENT, 'staged'), 'stage1');
  assert.equal(wordFor(fresh, AGENT, 'committing'), 'all');
  assert.equal(wordFor(fresh, AGENT, 'committed'), 'all');
  const staging = { word: 'stage1', state: 'accepted' } as const;
  assert.equal(wordFor(staging, AGENT, 'staged'), undefined);
  assert.equal(wordFor(staging, AGENT, 'committing'), 'stage2');
  assert.equal(wordFor({ ...staging, state: 'unreachable' }, AGENT, 'committing'), 'all');
  for (const word of ['stage2', 'all'] as const) {
    assert.equal(wordFor({ word, state: 'accepted' }, AGENT, 'committed'), undefined, word);
  }
  assert.equal(wordFor({ word: 'stage2', state: 'unreachable' }, AGENT, 'committed'), 'stage2');
});

void test('a stock mirror is told once, when there is something to pull', () => {
  const fresh = { word: 'all', state: 'waiting' } as const;
  assert.equal(wordFor(fresh, STOCK, 'staged'), undefined);
  assert.equal(wordFor(fresh, STOCK, 'committing'), undefined);
  assert.equal(wordFor(fresh, STOCK, 'committed'), 'all');
  assert.equal(wordFor({ ...fresh, state: 'accepted' }, STOCK, 'committed'), undefined);
});

void test('a stock mirror that is pushed in stages stages, and commits when there is something to pull', () => {
  const staged = { ...STOCK, stock: { push: 'staged' as const, callback: false, names: {} } };
  const fresh = { word: 'all', state: 'waiting' } as const;
  assert.equal(wordFor(fresh, staged, 'staged'), 'stage1');
  assert.equal(wordFor(fresh, staged, 'committing'), 'stage1');
  assert.equal(wordFor(fresh, staged, 'committed'), 'all');
  const staging = { word: 'stage1', state: 'sending' } as const;
  for (const phase of ['staged', 'committing', 'committed'] as const) {
    assert.equal(wordFor(staging, staged, phase), 'stage1', 'its stage 1 is not broken off');
  }
  assert.equal(wordFor({ ...staging, state: 'staged' }, staged, 'committing'), undefined);
  assert.equal(wordFor({ ...staging, state: 'staged' }, staged, 'committed'), 'stage2');
  assert.equal(wordFor({ ...staging, state: 'accepted' }, staged, 'committed'), 'all');
  assert.equal(wordFor({ word: 'stage2', state: 'unreachable' }, staged, 'committed'), 'stage2');
  assert.equal(wordFor({ word: 'stage2', state: 'accepted' }, staged, 'committed'), undefined);
});

void test('whoever has refused, or was given up, is left alone', () => {
  for (const state of ['refused', 'given-up', 'superseded'] as const) {
    assert.equal(wordFor({ word: 'stage1', state }, AGENT, 'committed'), undefined, state);
  }
});
