import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PushRow } from '../db/schema.ts';
import { treeOf } from '../registry/tree.ts';
import { adopterOf, failingSinceAfter, whyDead, type HubNow } from './takeover.ts';

const MINUTE = 60_000;
const now = new Date('2026-11-21T10:00:00Z');
const ago = (minutes: number) => new Date(now.getTime() - minutes * MINUTE).toISOString();

function own(different: Partial<PushRow>): PushRow {
  return {
    archive: 'debian',
    serial: 7,
    mirror: 'hub',
    sender: 'master',
    state: 'waiting',
    attempts: 0,
    reason: null,
    created_at: ago(60),
    updated_at: ago(60),
    next_attempt_at: null,
    sent_at: null,
    accepted_at: null,
    staged_at: null,
    committed_at: null,
    wave: 0,
    commit_told_at: null,
    commit_attempts: 0,
    commit_next_attempt_at: null,
    left_behind_at: null,
    observed_at: null,
    quarantined: 0,
    ...different,
  };
}

const hub = (push: Partial<PushRow>, different: Partial<HubNow> = {}): HubNow => ({
  name: 'hub',
  own: own(push),
  release: { serial: 7, phase: 'done', phase_at: ago(60) },
  below: [{ state: 'waiting', updated_at: ago(60) }],
  seenAt: undefined,
  observed: undefined,
  ...different,
});
const why = (one: HubNow) => whyDead(one, 5 * MINUTE, now);

void describe('a hub is dead', () => {
  void test('when it was not reached for too long since the first attempt', () => {
    assert.equal(why(hub({ state: 'unreachable', sent_at: ago(5) })), 'hub cannot be reached');
    assert.equal(why(hub({ state: 'unreachable', sent_at: ago(4.9) })), undefined);
    assert.equal(why(hub({ state: 'sending', sent_at: ago(6) })), 'hub cannot be reached');
    assert.equal(why(hub({ state: 'waiting' })), undefined, 'nobody has tried yet');
  });

  void test('when it did not take the release', () => {
    assert.match(why(hub({ state: 'refused' })) ?? '', /did not take it \(refused\)/);
    assert.match(why(hub({ state: 'given-up' })) ?? '', /did not take it/);
    assert.match(why(hub({ quarantined: 1 })) ?? '', /in quarantine/);
  });

  void test('when it took the release and fell silent', () => {
    const taken = { state: 'accepted', accepted_at: ago(9) } as const;
    assert.match(why(hub(taken)) ?? '', /has said nothing/);
    assert.equal(why(hub(taken, { seenAt: new Date(ago(1)) })), undefined);
    assert.equal(why(hub({ state: 'accepted', accepted_at: ago(4) })), undefined);
  });

  void test('when it took the release, and all that it says is that it cannot get it', () => {
    const taken = { state: 'accepted', accepted_at: ago(9) } as const;
    const seenAt = new Date(ago(1));
    const since = (minutes: number) => ({ seenAt, failingSince: new Date(ago(minutes)) });
    assert.equal(why(hub(taken, since(6))), 'hub fails to get it');
    assert.equal(why(hub(taken, since(4))), undefined, 'it may yet get through');
    assert.equal(why(hub({ ...taken, accepted_at: ago(4) }, since(6))), undefined);
  });

  void test('when it serves the release, and passes nothing on', () => {
    const done = { state: 'committed', committed_at: ago(9) } as const;
    assert.match(why(hub(done)) ?? '', /has said nothing/);
    assert.equal(why(hub(done, { seenAt: new Date(ago(1)) })), undefined);
    const tried = [{ state: 'unreachable' as const, updated_at: ago(60) }];
    assert.equal(why(hub(done, { below: tried })), undefined, 'it tries again in its own time');
    const fresh = [{ state: 'waiting' as const, updated_at: ago(1) }];
    assert.equal(why(hub(done, { below: fresh })), undefined);
  });

  void test('when the probe sees an older release at its public address', () => {
    const done = { state: 'committed', committed_at: ago(9) } as const;
    const seenAt = new Date(ago(1));
    const at = (serial: number, minutes: number) => ({
      seenAt,
      observed: { observed_serial: serial, observed_at: ago(minutes) },
    });
    assert.match(why(hub(done, at(6, 1))) ?? '', /serves an older release/);
    assert.equal(why(hub(done, at(7, 1))), undefined);
    assert.equal(why(hub(done, at(6, 10))), undefined, 'that was before it committed');
  });

  void test('not while it waits for the others to stage, but when it never commits', () => {
    const staged = { state: 'staged', staged_at: ago(20) } as const;
    const phase = (name: 'staging' | 'committing', at: number) => ({
      release: { serial: 7, phase: name, phase_at: ago(at) },
    });
    assert.equal(why(hub(staged, phase('staging', 20))), undefined);
    assert.equal(why(hub(staged, phase('committing', 1))), undefined);
    assert.match(why(hub(staged, phase('committing', 6))) ?? '', /has said nothing/);
  });

  void test('not when it has no push of its own, or a newer release took over', () => {
    assert.equal(why(hub({ state: 'superseded' })), undefined);
    assert.equal(why({ ...hub({}), own: undefined }), undefined);
  });
});

void test('a mirror fails since its first failure, until a sync ends well or runs for long', () => {
  const after = (before: Date | undefined, event: string | null, minutes = 0) =>
    failingSinceAfter(before, { said_event: event, said_at: ago(minutes) }, 5 * MINUTE, now);
  const earlier = new Date(ago(8));
  assert.equal(after(undefined, 'failed'), now);
  assert.equal(after(earlier, 'failed'), earlier);
  assert.equal(after(earlier, 'syncing', 1), earlier, 'the next attempt');
  assert.equal(after(earlier, 'accepted', 1), earlier);
  assert.equal(after(earlier, 'syncing', 6), undefined, 'that one takes its time');
  assert.equal(after(undefined, 'syncing', 1), undefined);
  assert.equal(after(earlier, 'committed'), undefined);
  assert.equal(after(earlier, 'staged'), undefined);
});

void test('the nearest live mirror above takes over, else the master', () => {
  const place = (name: string, upstream: string | null) => ({
    name,
    upstream,
    kind: 'agent' as const,
  });
  const tree = treeOf([place('a', null), place('b', 'a'), place('c', 'b')]);
  assert.equal(
    adopterOf('c', tree, () => true),
    'b',
  );
  assert.equal(
    adopterOf('c', tree, (name) => name !== 'b'),
    'a',
  );
  assert.equal(
    adopterOf('c', tree, () => false),
    'master',
  );
  assert.equal(
    adopterOf('a', tree, () => true),
    'master',
  );
});
