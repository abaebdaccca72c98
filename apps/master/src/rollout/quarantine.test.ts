import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PushRow } from '../db/schema.ts';
import { whyQuarantine } from './quarantine.ts';

const HOUR = 3_600_000;
const now = new Date('2026-11-21T10:00:00Z');
const ago = (hours: number) => new Date(now.getTime() - hours * HOUR).toISOString();
const push = (
  state: PushRow['state'],
  sentHoursAgo: number,
  different: Partial<Pick<PushRow, 'attempts' | 'accepted_at' | 'updated_at'>> = {},
) => ({
  state,
  attempts: 5,
  sent_at: ago(sentHoursAgo),
  accepted_at: null,
  updated_at: ago(1),
  ...different,
});
const why = (pushes: Parameters<typeof whyQuarantine>[0], heardAt?: string) =>
  whyQuarantine(pushes, heardAt === undefined ? undefined : new Date(heardAt), 24 * HOUR, now);

void test('all attempts over the whole time have failed, whichever release they were for', () => {
  assert.match(why([push('unreachable', 25)]) ?? '', /not been reached since .* in 5 attempts/);
  assert.equal(why([push('unreachable', 23)]), undefined);
  const overtaken = [push('unreachable', 2), push('superseded', 13), push('superseded', 25)];
  assert.match(why(overtaken) ?? '', /in 15 attempts/);
});

void test('two attempts are not enough to say so', () => {
  assert.equal(why([push('unreachable', 25, { attempts: 2 })]), undefined);
});

void test('a push that was taken, or a word from the mirror, begins the time anew', () => {
  const taken = push('superseded', 30, { accepted_at: ago(10) });
  assert.equal(why([push('unreachable', 25), taken]), undefined);
  assert.equal(why([push('unreachable', 25)], ago(3)), undefined);
  assert.match(why([push('unreachable', 25)], ago(26)) ?? '', /not been reached/);
});

void test('a push that was given up without an answer is enough', () => {
  assert.match(why([push('given-up', 2)]) ?? '', /was given up/);
  assert.equal(why([push('given-up', 2)], ago(0.5)), undefined, 'it was heard of since');
  const failed = push('given-up', 2, { accepted_at: ago(2) });
  assert.equal(why([failed]), undefined, 'it was reached: its sync needs a person');
});

void test('nothing is said of a mirror that nobody has tried', () => {
  assert.equal(why([]), undefined);
  assert.equal(why([{ ...push('waiting', 0), sent_at: null, attempts: 0 }]), undefined);
});
