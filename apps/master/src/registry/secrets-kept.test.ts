import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { createFixture, someKey } from '../setup/fixture.test.ts';

const form = (name: string) => ({
  name,
  ssh: { host: '127.0.0.1', port: 1, user: 'mirror' },
  hostKey: someKey(),
  contact: 'x',
  archives: ['debian'],
});

test('no token and no invitation is in the database, only their digests', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  const secrets = [f.adminToken, await f.addMirror('hub.example.org')];
  const add = async (path: string, body: object, by?: null) => {
    const answer = await f.call('POST', path, body, by);
    assert.equal(answer.status, 201, answer.text);
    for (const [key, value] of Object.entries(answer.body as Record<string, unknown>)) {
      if (/^(token|operatorToken|invite)$/.test(key)) secrets.push(String(value));
    }
  };
  await add('/v1/invites', { label: 'x', validMs: 3_600_000 });
  await add('/v1/tokens', { role: 'release-manager', label: 'x' });
  await add('/v1/mirrors/hub.example.org/operators', { label: 'x' });
  await add('/v1/registrations', { ...form('new.example.org'), invite: secrets[2] }, null);
  assert.equal(secrets.length, 7);

  const database = new Database(join(f.config.state, 'master.sqlite'), { readonly: true });
  t.after(() => database.close());
  const tables = database
    .prepare("select name from sqlite_master where type = 'table'")
    .pluck()
    .all() as string[];
  const all = tables.map((table) =>
    JSON.stringify(database.prepare(`select * from "${table}"`).all()),
  );
  for (const secret of secrets) {
    const part = secret.slice(-43); // pmt_ID_ and 32 random bytes; the ID may be known.
    assert.equal(
      all.some((text) => text.includes(part)),
      false,
      'a secret is in the database',
    );
  }
});

test('one address begins a few registrations a minute, whatever token it makes up for each', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  const statuses: number[] = [];
  for (let i = 0; i < 25; i += 1) {
    const token = `pmt_${'0'.repeat(11)}${i % 10}_${'x'.repeat(43)}`;
    const { status } = await f.call('POST', '/v1/registrations', form(`m${i}.example.org`), token);
    statuses.push(status);
  }
  assert.deepEqual(new Set(statuses.slice(0, 20)), new Set([201]));
  assert.deepEqual(new Set(statuses.slice(20)), new Set([429]));
  const { body } = await f.call('GET', '/v1/registrations');
  assert.equal((body as { registrations: unknown[] }).registrations.length, 20);
});
