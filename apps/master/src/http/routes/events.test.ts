import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createEventParser, type ServerEvent } from '../../commands/event-parser.ts';
import { createFixture, type Fixture } from '../../setup/fixture.test.ts';

async function network(t: TestContext) {
  const f = await createFixture(t);
  await f.addArchive();
  const agent = await f.addMirror('hub');
  await f.master.start();
  return { f, agent };
}

/** A stream over real HTTP; `until` reads on until an event of a type, and returns all of them. */
async function listen(f: Fixture, token: string | undefined, query = '') {
  const headers: Record<string, string> =
    token === undefined ? {} : { authorization: `Bearer ${token}` };
  const answer = await fetch(`${f.master.url()}/v1/events${query}`, { headers });
  const { body } = answer;
  if (!answer.ok || body === null) return { status: answer.status, until: () => assert.fail() };
  const parse = createEventParser();
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  const all: ServerEvent[] = [];
  const until = async (wanted: (event: ServerEvent) => boolean) => {
    while (!all.some(wanted)) {
      const { value, done } = await reader.read();
      if (done) break;
      all.push(...parse(value));
    }
    return all;
  };
  return { status: answer.status, headers: answer.headers, until, cancel: () => reader.cancel() };
}

const ofType =
  (type: string, state?: string) =>
  (event: ServerEvent): boolean =>
    event.type === type &&
    (state === undefined || (JSON.parse(event.data) as { state: string }).state === state);

test('a publish, its rollout and its pushes are told as they happen', async (t) => {
  const { f } = await network(t);
  const stream = await listen(f, f.adminToken, '?archive=debian');
  assert.match(stream.headers?.get('content-type') ?? '', /^text\/event-stream/);
  assert.match(stream.headers?.get('content-security-policy') ?? '', /default-src 'none'/);
  await stream.until(ofType('hello'));
  const { serial } = await f.publish();
  const events = await stream.until(ofType('push', 'unreachable'));
  const published = await stream.until(ofType('publish', 'published'));
  assert.ok(published.some(ofType('rollout', 'begun')));
  const push = JSON.parse(events.find(ofType('push', 'unreachable'))?.data ?? '{}') as object;
  assert.deepEqual(Object.keys(push).toSorted(), [
    'acceptedAt',
    'archive',
    'attempts',
    'committedAt',
    'leftBehindAt',
    'mirror',
    'observedAt',
    'reason',
    'sender',
    'sentAt',
    'serial',
    'stagedAt',
    'state',
    'updatedAt',
    'wave',
  ]);
  assert.equal((push as { serial: number }).serial, serial);

  await f.publish();
  const later = await stream.until(ofType('rollout', 'superseded'));
  assert.equal(
    (JSON.parse(later.find(ofType('rollout', 'superseded'))?.data ?? '') as { serial: number })
      .serial,
    serial,
  );
  await stream.cancel?.();
});

test('the end of a rollout is told when its last push ends', async (t) => {
  const { f, agent } = await network(t);
  const { serial } = await f.publish();
  const stream = await listen(f, f.adminToken, `?archive=debian&serial=${serial}`);
  await stream.until(ofType('hello'));
  const report = {
    id: `${'0'.repeat(16)}:1`,
    at: '2026-11-21T09:05:00Z',
    archive: 'debian',
    epoch: 1,
    serial,
    event: 'committed',
  };
  await f.call('POST', '/v1/reports', { reports: [report] }, agent);
  const events = await stream.until(ofType('rollout', 'ended'));
  const { mirrors } = JSON.parse(events.at(-1)?.data ?? '{}') as { mirrors: { committed: number } };
  assert.equal(mirrors.committed, 1);
  await stream.cancel?.();
});

test('the public sees states and no reasons; a wrong token or an agent sees nothing', async (t) => {
  const { f, agent } = await network(t);
  const stream = await listen(f, undefined);
  await stream.until(ofType('hello'));
  await f.publish();
  const events = await stream.until(ofType('push', 'unreachable'));
  const push = JSON.parse(events.find(ofType('push', 'unreachable'))?.data ?? '{}') as object;
  assert.deepEqual(Object.keys(push), ['archive', 'serial', 'mirror', 'state', 'updatedAt']);
  assert.ok(!events.some(ofType('publish')));
  await stream.cancel?.();
  assert.equal((await listen(f, agent)).status, 403);
  assert.equal((await listen(f, 'nonsense')).status, 401);
  assert.equal((await listen(f, f.adminToken, '?serial=x')).status, 400);
});

test('a master that stops ends its streams', async (t) => {
  const { f } = await network(t);
  const stream = await listen(f, f.adminToken);
  await stream.until(ofType('hello'));
  await f.master.destroy();
  assert.equal((await stream.until(() => false)).length, 1);
  await f.again();
});
