import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Report } from '@pushmirror/trigger';
import { createFixture, type Fixture } from '../setup/fixture.test.ts';

/** Reports of one mirror, numbered. */
function reporter(f: Fixture, token: string, instance = '0123456789abcdef') {
  let number = 0;
  const report = (serial: number, event: Report['event'], more: Partial<Report> = {}): Report => ({
    id: `${instance}:${(number += 1)}`,
    at: '2026-11-21T09:05:00Z',
    archive: 'debian',
    epoch: 1,
    serial,
    event,
    ...more,
  });
  const send = async (...reports: Report[]) => {
    const answer = await f.call('POST', '/v1/reports', { reports }, token);
    assert.equal(answer.status, 200, answer.text);
    return answer.body as { acknowledged: string | null; downstreams: string };
  };
  return { report, send };
}

async function pushes(f: Fixture, serial: number) {
  const { body } = await f.call('GET', `/v1/rollouts/debian/${serial}`);
  const rollout = body as {
    mirrors: Record<string, number>;
    pushes: { mirror: string; state: string; reason: string | null; attempts: number }[];
  };
  return {
    tally: rollout.mirrors,
    of: (mirror: string) => rollout.pushes.find((push) => push.mirror === mirror),
  };
}

async function tree(t: Parameters<typeof createFixture>[0]) {
  const f = await createFixture(t);
  await f.addArchive();
  const hub = reporter(f, await f.addMirror('hub'));
  const leaf = reporter(f, await f.addMirror('leaf', { upstream: 'hub' }), 'fedcba9876543210');
  const { serial } = await f.publish();
  return { f, hub, leaf, serial };
}

test('reports move pushes to committed, and the status follows', async (t) => {
  const { f, hub, leaf, serial } = await tree(t);
  await hub.send(hub.report(serial, 'accepted'), hub.report(serial, 'syncing'));
  assert.equal((await pushes(f, serial)).of('hub')?.state, 'accepted');
  await hub.send(hub.report(serial, 'committed', { bytes: 10, seconds: 1 }));
  await leaf.send(leaf.report(serial, 'committed'));
  const { tally } = await pushes(f, serial);
  assert.deepEqual([tally['total'], tally['committed'], tally['open']], [2, 2, 0]);
  const status = (await f.call('GET', '/v1/status', undefined, null)).body as {
    health: { sentence: string };
  };
  assert.equal(status.health.sentence, 'All 2 mirrors report the current release.');
});

test('a report counts once, however often it is delivered', async (t) => {
  const { f, hub, serial } = await tree(t);
  const committed = hub.report(serial, 'committed');
  assert.equal((await hub.send(committed)).acknowledged, committed.id);
  const second = (await f.publish()).serial;
  const later = hub.report(second, 'committed');
  await hub.send(later);
  assert.equal((await hub.send(committed)).acknowledged, committed.id, 'again, and late');
  const { body } = await f.call('GET', '/v1/mirrors/hub');
  assert.equal((body as { archives: { serial: number }[] }).archives[0]?.serial, second);
  assert.equal((await hub.send()).acknowledged, null);
});

test('a hub speaks of its own downstreams only, and nobody for another', async (t) => {
  const { f, hub, leaf, serial } = await tree(t);
  const dead = { mirror: 'leaf', state: 'unreachable', attempts: 3, reason: 'no route' } as const;
  await hub.send(hub.report(serial, 'push', dead));
  assert.equal((await pushes(f, serial)).of('leaf')?.state, 'unreachable');
  assert.equal((await pushes(f, serial)).of('leaf')?.attempts, 3);

  const lie = leaf.report(serial, 'push', { mirror: 'hub', state: 'given-up', reason: 'ha' });
  assert.equal((await leaf.send(lie)).acknowledged, lie.id, 'it does not stop those behind it');
  assert.notEqual((await pushes(f, serial)).of('hub')?.state, 'given-up');
  assert.notEqual((await pushes(f, serial)).of('hub')?.reason, 'ha');

  await leaf.send(leaf.report(serial, 'committed', { mirror: 'hub' }));
  assert.equal((await pushes(f, serial)).of('leaf')?.state, 'committed', 'it spoke of itself');
  assert.notEqual((await pushes(f, serial)).of('hub')?.state, 'committed');
});

test('a release that never was is not claimed', async (t) => {
  const { f, hub, serial } = await tree(t);
  await hub.send(
    hub.report(serial + 50, 'committed'),
    hub.report(serial, 'committed', { epoch: 9 }),
  );
  const { body } = await f.call('GET', '/v1/mirrors/hub');
  assert.equal((body as { archives: { serial: number | null }[] }).archives[0]?.serial, null);
});

test('a failure keeps the push open while it is retried, and ends it when a person is needed', async (t) => {
  const { f, hub, serial } = await tree(t);
  const failed = { reason: 'rsync ended with 23', rsync: { code: 23, lines: ['x'] } };
  await hub.send(hub.report(serial, 'failed', { ...failed, retryAt: '2026-11-21T09:10:00Z' }));
  assert.equal((await pushes(f, serial)).of('hub')?.state, 'accepted');
  await hub.send(hub.report(serial, 'failed', failed));
  assert.equal((await pushes(f, serial)).of('hub')?.state, 'given-up');
  assert.equal((await pushes(f, serial)).of('hub')?.reason, 'rsync ended with 23');
  await hub.send(hub.report(serial, 'committed'));
  assert.equal((await pushes(f, serial)).of('hub')?.state, 'committed', 'mended after all');
});

test('malformed reports are refused as a whole', async (t) => {
  const { f, serial } = await tree(t);
  const token = await f.addMirror('third');
  const { report } = reporter(f, token);
  const post = (body: unknown) => f.call('POST', '/v1/reports', body, token);
  assert.equal(
    (await post({ reports: [{ ...report(serial, 'accepted'), extra: 1 }] })).status,
    400,
  );
  assert.equal((await post({ reports: Array(201).fill(report(serial, 'accepted')) })).status, 400);
  assert.equal((await post([])).status, 400);
  assert.equal((await f.call('POST', '/v1/reports', { reports: [] })).status, 403, 'not an agent');
});

test('the digest of the downstream list changes when the list does', async (t) => {
  const { f, hub, serial } = await tree(t);
  const { downstreams } = await hub.send(hub.report(serial, 'accepted'));
  assert.equal((await hub.send()).downstreams, downstreams);
  await f.addMirror('leaf2', { upstream: 'hub' });
  assert.notEqual((await hub.send()).downstreams, downstreams);
});
