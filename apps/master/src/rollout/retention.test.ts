import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { openDatabase } from '../db/open.ts';
import { insertPushes, pushesOf, updatePush } from '../db/pushes.ts';
import { findRelease } from '../db/releases.ts';
import { writeCursor } from '../db/report-cursors.ts';
import { createFixture } from '../setup/fixture.test.ts';
import { pruneOld } from './retention.ts';

const DAY = 86_400_000;

/** Three releases, a hundred days apart, to one mirror; nothing runs. */
async function history(t: TestContext) {
  const f = await createFixture(t);
  await f.addArchive();
  await f.addMirror('a');
  const serials: number[] = [];
  for (let i = 0; i < 3; i += 1) {
    serials.push((await f.publish()).serial);
    f.clock.now = new Date(f.clock.now.getTime() + 100 * DAY);
  }
  const [first = 0, second = 0, third = 0] = serials;
  await f.master.destroy();
  const now = () => f.clock.now;
  const db = await openDatabase({ state: f.config.state, network: 'example', now });
  t.after(() => db.destroy());
  const prune = (policy: { ms: number; releases: number }, signal = new AbortController().signal) =>
    pruneOld(db, policy, { now, signal });
  return { f, db, prune, first, second, third };
}

test('pushes of old releases go, a few at a time; those of the current one never', async (t) => {
  const { db, prune, first, second, third } = await history(t);
  const [one] = await pushesOf(db, 'debian', first);
  assert.ok(one);
  const names = Array.from({ length: 1_200 }, (_, i) => `m${i}`);
  const [row] = await db.selectFrom('mirror').selectAll().execute();
  assert.ok(row);
  for (const name of names)
    await db
      .insertInto('mirror')
      .values({ ...row, name })
      .execute();
  await insertPushes(
    db,
    names.map((mirror) => ({ ...one, mirror })),
  );
  assert.deepEqual(await prune({ ms: 250 * DAY, releases: 1000 }), {
    releases: 1,
    pushes: 1_201,
    reportCursors: 0,
  });
  assert.deepEqual(await pushesOf(db, 'debian', first), []);
  assert.notEqual((await findRelease(db, 'debian', first))?.pruned_at, null);
  assert.equal((await pushesOf(db, 'debian', second)).length, 1);
  assert.equal((await prune({ ms: DAY, releases: 1 })).releases, 1, 'the second, by number');
  assert.equal((await pushesOf(db, 'debian', third)).length, 1);
  assert.equal((await prune({ ms: DAY, releases: 1 })).pushes, 0, 'once is enough');
});

test('a push that is not done stays, and its release with it', async (t) => {
  const { db, prune, first } = await history(t);
  await updatePush(db, { archive: 'debian', serial: first, mirror: 'a' }, { state: 'accepted' });
  const { pushes } = await prune({ ms: DAY, releases: 1 });
  assert.equal(pushes, 1, 'the one of the second release');
  assert.equal((await pushesOf(db, 'debian', first))[0]?.state, 'accepted');
  assert.equal((await findRelease(db, 'debian', first))?.pruned_at, null);
});

test('a master that stops does not wait for it', async (t) => {
  const { prune } = await history(t);
  const { pushes } = await prune({ ms: DAY, releases: 1 }, AbortSignal.abort());
  assert.equal(pushes, 0);
});

test('state folders that a mirror left are forgotten, its last one never', async (t) => {
  const { f, db, prune } = await history(t);
  const cursors = async () =>
    (await db.selectFrom('report_cursor').select('instance').orderBy('instance').execute()).map(
      (row) => row.instance,
    );
  const old = new Date(f.clock.now.getTime() - 300 * DAY).toISOString();
  await writeCursor(db, { mirror: 'a', instance: 'old', number: 1, taken_at: old });
  await prune({ ms: DAY, releases: 1 });
  assert.deepEqual(await cursors(), ['old']);
  for (let i = 10; i < 40; i += 1) {
    const at = new Date(f.clock.now.getTime() - i).toISOString();
    await writeCursor(db, { mirror: 'a', instance: `${i}`, number: 1, taken_at: at });
  }
  assert.equal((await prune({ ms: DAY, releases: 1 })).reportCursors, 15);
  assert.deepEqual(
    await cursors(),
    Array.from({ length: 16 }, (_, i) => `${10 + i}`),
    'a mirror that invents them fills nothing',
  );
});
