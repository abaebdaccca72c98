import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { createFixture, mirrorBody, someKey } from '../../setup/fixture.test.ts';

test('nothing is done without its audit entry: where that cannot be written, all stays as it was', async (t) => {
  const f = await createFixture(t, (config) => ({
    ...config,
    registration: { policy: 'review', allow_addresses: [] },
  }));
  await f.addArchive();
  await f.addArchive({ name: 'other', path: f.config.state });
  for (const name of ['hub', 'hub2']) await f.addMirror(name, { rsyncUrl: `rsync://${name}` });
  await f.addMirror('a', { upstream: 'hub' });
  const made = async (path: string, body: object) =>
    (await f.call('POST', path, body)).body as { id: string };
  const window = { weekday: 1, startMinute: 0, minutes: 60 };
  const operator = await made('/v1/mirrors/a/operators', { label: 'x' });
  const maintenance = await made('/v1/mirrors/a/maintenance', window);
  const invite = await made('/v1/invites', { label: 'x', validMs: 3_600_000 });
  const token = await made('/v1/tokens', { role: 'release-manager', label: 'x' });
  const form = {
    name: 'new',
    ssh: { host: '127.0.0.1', port: 1, user: 'mirror' },
    hostKey: someKey(),
    contact: 'x',
    archives: ['debian'],
  };
  await f.call('POST', '/v1/registrations', form, null);

  const database = new Database(join(f.config.state, 'master.sqlite'));
  t.after(() => database.close());
  database.exec(
    "create trigger full before insert on audit begin select raise(abort, 'the disk'); end",
  );
  const everything = () => {
    const tables = database
      .prepare("select name from sqlite_master where type = 'table' and name <> 'setting'")
      .pluck()
      .all() as string[];
    return tables.map((table) => [table, database.prepare(`select * from "${table}"`).all()]);
  };
  const before = everything();
  const acts: ['POST' | 'DELETE', string, object?][] = [
    ['POST', '/v1/mirrors/a/pause', { reason: 'x' }],
    ['POST', '/v1/mirrors/hub/suspend', { reason: 'x' }],
    ['POST', '/v1/mirrors/a/resume', {}],
    ['POST', '/v1/mirrors/hub/leave', { reason: 'x' }],
    ['POST', '/v1/mirrors/hub/remove', { reason: 'x' }],
    ['POST', '/v1/mirrors/a/move', { upstream: 'hub2' }],
    ['POST', '/v1/mirrors/hub2/opt-in', { archive: 'other' }],
    ['POST', '/v1/mirrors/a/opt-out', { archive: 'debian' }],
    ['POST', '/v1/mirrors/a/change', { contact: 'new' }],
    ['POST', '/v1/mirrors/a/settings', { slots: 3 }],
    ['POST', '/v1/mirrors/a/maintenance', window],
    ['DELETE', `/v1/mirrors/a/maintenance/${maintenance.id}`],
    ['POST', '/v1/mirrors/a/operators', { label: 'y' }],
    ['DELETE', `/v1/mirrors/a/operators/${operator.id}`],
    ['POST', '/v1/mirrors', mirrorBody('b')],
    ['POST', '/v1/registrations', { ...form, name: 'newer' }],
    ['POST', '/v1/registrations/new/refuse', { reason: 'x' }],
    ['POST', '/v1/invites', { label: 'y', validMs: 3_600_000 }],
    ['DELETE', `/v1/invites/${invite.id}`],
    ['POST', '/v1/tokens', { role: 'release-manager', label: 'y' }],
    ['DELETE', `/v1/tokens/${token.id}`],
  ];
  for (const [method, path, body] of acts) {
    const { status, text } = await f.call(method, path, body);
    assert.equal(status, 500, `${path}: ${text}`);
    assert.deepEqual(everything(), before, `${path} left something behind`);
  }
  database.exec('drop trigger full');
  for (const [method, path, body] of acts.slice(0, 3)) {
    assert.equal((await f.call(method, path, body)).status, 200, 'it was that alone');
  }
});
