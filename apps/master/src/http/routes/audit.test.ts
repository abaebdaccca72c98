import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import Database from 'better-sqlite3';
import { verifyChain, type ChainedEntry } from '../../audit/chain.ts';
import { createFixture, type Fixture } from '../../setup/fixture.test.ts';

async function entriesOf(f: Fixture): Promise<ChainedEntry[]> {
  const { body } = await f.call('GET', '/v1/audit?order=oldest&limit=1000');
  return (body as { entries: ChainedEntry[] }).entries;
}

test('what is done is chained, and an entry that is changed in the database is named', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  const agent = await f.addMirror('hub');
  await f.publish();
  const before = await entriesOf(f);
  assert.deepEqual(
    before.map(({ action }) => action),
    ['archive-add', 'mirror-add', 'publish'],
  );
  assert.equal((await verifyChain(before)).ok, true);
  assert.equal((await f.call('GET', '/v1/audit', undefined, agent)).status, 403);
  assert.equal((await f.call('GET', '/v1/audit', undefined, null)).status, 401);

  const database = new Database(join(f.config.state, 'master.sqlite'));
  database.prepare("update audit set actor = 'nobody' where sequence = 2").run();
  database.close();
  const verdict = await verifyChain(await entriesOf(f));
  assert.equal(verdict.ok ? undefined : verdict.sequence, 2);
});

test('entries from before the chain are chained once; one that lost its digest later is not', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  await f.addMirror('hub');
  await f.master.destroy();
  const set = (sql: string) => {
    const database = new Database(join(f.config.state, 'master.sqlite'));
    database.prepare(sql).run();
    database.close();
  };
  set('update audit set digest = null');
  await f.again();
  assert.equal((await verifyChain(await entriesOf(f))).ok, true);
  await f.master.destroy();
  set("update audit set digest = null, subject = 'other' where sequence = 1");
  await f.again();
  const verdict = await verifyChain(await entriesOf(f));
  assert.equal(verdict.ok ? undefined : verdict.sequence, 1);
});
