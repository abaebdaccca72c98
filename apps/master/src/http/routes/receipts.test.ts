import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { z } from 'zod';
import { updateClaim } from '../../db/opt-ins.ts';
import { openDatabase } from '../../db/open.ts';
import { updatePush } from '../../db/pushes.ts';
import { createFixture, type Fixture } from '../../setup/fixture.test.ts';
import type { receiptsSchema } from './receipts.ts';

type Receipts = z.infer<typeof receiptsSchema>;

async function ask(f: Fixture, serial: number, query = ''): Promise<Receipts> {
  const { body, text, status } = await f.call(
    'GET',
    `/v1/archives/debian/releases/${serial}/mirrors${query}`,
  );
  assert.equal(status, 200, text);
  return body as Receipts;
}

test('who serves release N: every mirror with its times, in pages', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  for (const name of ['a', 'b', 'c']) await f.addMirror(name);
  await f.addMirror('d', { upstream: 'a' });
  const { serial } = await f.publish();
  await f.addMirror('late');
  const db = await openDatabase({
    state: f.config.state,
    network: 'example',
    now: () => f.clock.now,
  });
  t.after(() => db.destroy());
  const at = '2026-11-21T09:07:00.000Z';
  const served = { served_serial: serial, served_at: at };
  await updatePush(
    db,
    { archive: 'debian', serial, mirror: 'a' },
    { state: 'committed', sent_at: at, accepted_at: at, staged_at: at, committed_at: at },
  );
  await updateClaim(db, { archive: 'debian', mirror: 'a' }, served);
  await updateClaim(db, { archive: 'debian', mirror: 'late' }, served);

  const first = await ask(f, serial, '?limit=3');
  assert.deepEqual(
    first.mirrors.map(({ mirror }) => mirror),
    ['a', 'b', 'c'],
  );
  const [a] = first.mirrors;
  assert.deepEqual([a?.state, a?.serves, a?.tier, a?.committedAt], ['committed', true, 1, at]);
  assert.equal(a?.observedAt, null, 'a claim is no observation');
  const second = await ask(f, serial, `?limit=3&after=${first.next}`);
  assert.equal(second.next, null);
  const [d, late] = second.mirrors;
  assert.deepEqual([d?.mirror, d?.tier, d?.sender, d?.state], ['d', 2, 'a', 'waiting']);
  assert.deepEqual(
    [late?.mirror, late?.sender, late?.state, late?.committedAt],
    ['late', null, 'committed', at],
    'it came by itself',
  );
  assert.equal(second.pushes.total, 4);
});

test('an unknown release, and who may ask', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  const agent = await f.addMirror('a');
  const url = '/v1/archives/debian/releases/1/mirrors';
  assert.equal((await f.call('GET', url)).status, 404);
  assert.equal((await f.call('GET', url, undefined, null)).status, 401);
  assert.equal((await f.call('GET', url, undefined, agent)).status, 403);
  assert.equal((await f.call('GET', `${url}?limit=1001`)).status, 400);
});
