import assert from 'node:assert/strict';
import { test } from 'node:test';
import { standingOf, type StandingFacts } from './standing.ts';

const published = new Date('2026-11-21T09:00:00Z');
const soon = new Date('2026-11-21T09:10:00Z');
const late = new Date('2026-11-21T15:00:00Z');
const facts = (more: Partial<StandingFacts>): StandingFacts => ({
  kind: 'agent',
  paused: false,
  servedSerial: 2026112000,
  said: null,
  push: { state: 'waiting', reason: null, at: published },
  releases: [
    { serial: 2026112000, publishedAt: new Date('2026-11-20T09:00:00Z') },
    { serial: 2026112100, publishedAt: published },
  ],
  ...more,
});
const said = (event: string, reason: string | null = null) => ({
  event,
  serial: 2026112100,
  at: soon,
  reason,
});

test('a mirror is up to date only by its serial', () => {
  const standing = standingOf(facts({ servedSerial: 2026112100, said: said('failed') }), late);
  assert.deepEqual([standing.state, standing.lag], ['current', null]);
});

test('a new release is on its way for a while, then the mirror is behind', () => {
  assert.equal(standingOf(facts({}), soon).state, 'on-its-way');
  assert.equal(standingOf(facts({ said: said('syncing') }), soon).words, 'syncing');
  const polled = facts({ push: null, said: said('syncing') });
  assert.equal(standingOf(polled, soon).words, 'syncing', 'also without a push');
  const behind = standingOf(facts({}), late);
  assert.deepEqual([behind.state, behind.lag?.serials], ['behind', 1]);
});

test('a mirror that waits for a slot is seen to wait, and where', () => {
  const words = (reason: string | null) =>
    standingOf(facts({ push: { state: 'waiting', reason, at: soon } }), soon).words;
  assert.equal(
    words('It waits for a slot at ftp.example.org.'),
    'waits for a slot at ftp.example.org',
  );
  assert.equal(
    words('waits for a slot at hub1'),
    'waits for a slot at hub1',
    'in the words of a hub',
  );
  assert.equal(words(null), 'release on its way');
});

test('trouble is said at once, with its reason', () => {
  const failed = standingOf(facts({ said: said('failed', 'rsync ended with 23') }), soon);
  assert.deepEqual([failed.state, failed.reason], ['failed', 'rsync ended with 23']);
  const push = (state: 'refused' | 'unreachable') => ({ state, reason: 'why', at: soon });
  assert.equal(standingOf(facts({ push: push('refused') }), soon).state, 'refused');
  assert.equal(standingOf(facts({ push: push('unreachable') }), soon).reason, 'why');
});

test('nothing is claimed for those who have not spoken', () => {
  assert.equal(standingOf(facts({ servedSerial: null, push: null }), soon).state, 'never');
  assert.equal(standingOf(facts({ kind: 'ftpsync', servedSerial: null }), soon).state, 'silent');
  assert.equal(standingOf(facts({ paused: true }), soon).state, 'paused');
  assert.equal(standingOf(facts({ releases: [] }), soon).state, 'nothing-published');
});
