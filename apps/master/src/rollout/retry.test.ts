import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { listAudit } from '../db/audit.ts';
import { openDatabase } from '../db/open.ts';
import { pushesOf, updatePush } from '../db/pushes.ts';
import type { PushRow } from '../db/schema.ts';
import { createFixture } from '../setup/fixture.test.ts';
import { retryPushes } from './retry.ts';

const by = { name: 'dak', origin: 'cli' };

async function network(t: TestContext) {
  const f = await createFixture(t);
  await f.addArchive();
  for (const name of ['a', 'b', 'c', 'hub']) await f.addMirror(name);
  await f.addMirror('leaf', { upstream: 'hub' });
  const { serial } = await f.publish();
  await f.master.destroy(); // What is on its way stands still.
  const now = () => f.clock.now;
  const db = await openDatabase({ state: f.config.state, network: 'example', now });
  t.after(() => db.destroy());
  const set = (mirror: string, change: Partial<PushRow>) =>
    updatePush(db, { archive: 'debian', serial, mirror }, change);
  const rows = async () =>
    new Map((await pushesOf(db, 'debian', serial)).map((row) => [row.mirror, row]));
  return { f, db, serial, set, rows };
}

test('what was refused, given up or not reached begins anew, and nothing else', async (t) => {
  const { f, db, serial, set, rows } = await network(t);
  const old = '2026-11-20T09:00:00.000Z';
  await set('a', { state: 'refused', reason: 'x', sent_at: old, attempts: 3 });
  await set('b', { state: 'accepted', accepted_at: old });
  await set('c', { state: 'unreachable', reason: 'y', next_attempt_at: old });
  await set('hub', { state: 'committed' });
  await set('leaf', { state: 'given-up', reason: 'z', sent_at: old });
  const { pushes } = await retryPushes(db, { archive: 'debian' }, by, f.clock.now);
  assert.deepEqual(
    pushes.map(({ mirror }) => mirror),
    ['a', 'c', 'leaf'],
  );
  const after = await rows();
  const { state, reason, sent_at: sentAt, attempts } = after.get('a') ?? assert.fail();
  assert.deepEqual([state, reason, sentAt, attempts], ['waiting', null, null, 3]);
  assert.equal(after.get('leaf')?.sender, 'master', 'the master sends it now');
  assert.equal(after.get('b')?.state, 'accepted');
  assert.equal(after.get('hub')?.state, 'committed');
  const [entry] = await listAudit(db, { order: 'newest', limit: 1 });
  assert.deepEqual(
    [entry?.action, entry?.actor, entry?.detail],
    ['rollout-retry', 'dak', JSON.stringify({ serial, mirrors: 3 })],
  );
});

test('one mirror only; one that is not there is an error, one that is well is left alone', async (t) => {
  const { f, db, set } = await network(t);
  await set('a', { state: 'refused' });
  await set('b', { state: 'refused' });
  await set('c', { state: 'committed' });
  const retry = (mirror: string) => retryPushes(db, { archive: 'debian', mirror }, by, f.clock.now);
  assert.deepEqual(
    (await retry('a')).pushes.map(({ mirror }) => mirror),
    ['a'],
  );
  assert.deepEqual((await retry('c')).pushes, []);
  await assert.rejects(retry('nobody'), /has no push to a mirror nobody/);
  await assert.rejects(retryPushes(db, { archive: 'x' }, by, f.clock.now), /no archive x/);
});

test('over the API it is sent again at once, by those who may', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  const agent = await f.addMirror('dead');
  const url = '/v1/rollouts/debian/retry';
  assert.equal((await f.call('POST', url, {})).status, 404, 'nothing was published');
  const { serial } = await f.publish();
  assert.equal((await f.call('POST', url, {}, agent)).status, 403);
  assert.equal((await f.call('POST', url, { serial: 1 })).status, 400);
  const push = async () => {
    const { body } = await f.call('GET', `/v1/rollouts/debian/${serial}`);
    return (body as { pushes: { state: string; attempts: number }[] }).pushes[0];
  };
  const until = async (attempts: number) => {
    for (;;) {
      const now = await push();
      if (now?.state === 'unreachable' && now.attempts === attempts) return;
      await new Promise(setImmediate);
    }
  };
  await until(1);
  const { body } = await f.call('POST', url, { mirror: 'dead' });
  assert.deepEqual(body, { archive: 'debian', serial, mirrors: ['dead'] });
  await until(2);
});
