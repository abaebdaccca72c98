import assert from 'node:assert/strict';
import { test } from 'node:test';
import { goalOf } from '../rollout/goal.ts';
import { durationMs, goal, several, sshEndpoint, wholeNumber } from './parse.ts';

test('an SSH endpoint', () => {
  assert.deepEqual(sshEndpoint('mirror@host.example.org'), {
    user: 'mirror',
    host: 'host.example.org',
    port: 22,
  });
  assert.deepEqual(sshEndpoint('m@[2001:db8::1]:2222'), {
    user: 'm',
    host: '2001:db8::1',
    port: 2222,
  });
  for (const bad of ['host', '@host', 'm@', 'm@h:0', 'm@h:70000', 'm@h:x', 'm@a b']) {
    assert.throws(() => sshEndpoint(bad), /user@host/);
  }
});

test('a goal is a share or a number', () => {
  assert.equal(goalOf(goal('100%'), 9), 9);
  assert.equal(goalOf(goal('95%'), 9), 9);
  assert.equal(goalOf(goal('50%'), 9), 5);
  assert.equal(goalOf(goal('3'), 9), 3);
  assert.equal(goalOf(goal('30'), 9), 9, 'more than there are means all');
  for (const bad of ['101%', '-1', 'all', '']) assert.throws(() => goal(bad));
});

test('times, numbers, lists', () => {
  assert.equal(durationMs('5m'), 300_000);
  assert.throws(() => durationMs('5'));
  assert.equal(wholeNumber('0'), 0);
  assert.throws(() => wholeNumber('-1'));
  assert.deepEqual(several('c', several('a,b')), ['a', 'b', 'c']);
});
