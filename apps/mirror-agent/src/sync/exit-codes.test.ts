import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meaningOf } from './exit-codes.ts';

void test('what ftpsync takes for good is good, and what it tries again is tried again', () => {
  for (const code of [0, 24]) assert.equal(meaningOf(code).verdict, 'ok', `${code}`);
  for (const code of [5, 10, 12, 23, 30, 35]) {
    assert.equal(meaningOf(code).verdict, 'retry', `${code}`);
  }
});

void test('the delete limit needs a person, and says which setting it is', () => {
  assert.equal(meaningOf(25).verdict, 'fail');
  assert.match(meaningOf(25).sentence, /max_delete/);
});

void test('every code of rsync(1) has a sentence of its own; others and signals are told apart', () => {
  const codes = [0, 1, 2, 3, 4, 5, 6, 10, 11, 12, 13, 14, 15, 16, 19, 20, 21, 22, 23, 24, 25];
  const sentences = [...codes, 30, 35, 127, null, 99].map((code) => meaningOf(code).sentence);
  assert.equal(new Set(sentences).size, sentences.length);
});
