import assert from 'node:assert/strict';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { parseHead } from '@pushmirror/trigger/head/head';
import type { Outcome, Sender } from '@pushmirror/trigger/send/sender';
import { parseTrigger } from '@pushmirror/trigger/wire/trigger';
import { openDatabase, type Db } from '../db/open.ts';
import { pushesOf, updatePush } from '../db/pushes.ts';
import { createFixture, type Fixture } from '../setup/fixture.test.ts';
import { createLedger } from './ledger.ts';
import { createRolloutEngine } from './run.ts';

/** Remembers what was sent to whom, and answers as it is told. */
function recordingSender(answer: (mirror: string) => Promise<Outcome>) {
  const sent: { mirror: string; serial: number | undefined }[] = [];
  const sender: Sender = {
    send(target, command) {
      const { token } = parseTrigger(command);
      const serial = token === undefined ? undefined : parseHead(token).head.serial;
      sent.push({ mirror: target.mirror, serial });
      return answer(target.mirror);
    },
    close: () => Promise.resolve(),
  };
  return { sender, sent };
}

const accepted: Outcome = { kind: 'replied', reply: { result: 'accepted' }, exitCode: 0 };

/** What is on the disk at this moment, as a killed master would leave it. */
async function crashImage(t: TestContext, f: Fixture): Promise<Db> {
  const folder = await mkdtemp(join(tmpdir(), 'pushmirror-crash-'));
  await cp(f.config.state, folder, { recursive: true });
  const db = await openDatabase({ state: folder, network: 'example', now: () => f.clock.now });
  t.after(async () => {
    await db.destroy();
    await rm(folder, { recursive: true });
  });
  return db;
}

function engineOn(db: Db, sender: Sender, now: () => Date) {
  const settled: (() => void)[] = [];
  const engine = createRolloutEngine({
    db,
    ledger: createLedger(db),
    sender,
    concurrency: 8,
    attemptDeadlineMs: 1_000,
    backoff: { minMs: 3_600_000, maxMs: 3_600_000, factor: 1 },
    giveUpAfterMs: 86_400_000,
    now,
    onNews: (_, { state }) => {
      if (state !== 'sending') for (const resolve of settled.splice(0, 1)) resolve();
    },
    onTrouble: (_, error) => assert.fail(String(error)),
  });
  /** Resolves when so many pushes have an outcome on the disk. */
  const outcomes = (count: number) =>
    Promise.all(Array.from({ length: count }, () => new Promise<void>((r) => settled.push(r))));
  return { engine, outcomes };
}

async function networkOf(t: TestContext, ...names: string[]): Promise<Fixture> {
  const f = await createFixture(t);
  await f.addArchive();
  for (const name of names) await f.addMirror(name);
  return f;
}

test('a master that died after the commit sends every push after its start, once', async (t) => {
  const f = await networkOf(t, 'a', 'b', 'c');
  const { serial } = await f.publish();
  const db = await crashImage(t, f);
  // As if it had died with one answered and one on its way.
  await updatePush(db, { archive: 'debian', serial, mirror: 'a' }, { state: 'accepted' });
  await updatePush(
    db,
    { archive: 'debian', serial, mirror: 'b' },
    { state: 'sending', attempts: 1 },
  );

  const { sender, sent } = recordingSender(() => Promise.resolve(accepted));
  const { engine, outcomes } = engineOn(db, sender, () => f.clock.now);
  const both = outcomes(2);
  await Promise.all([engine.resume(), engine.resume('debian')]);
  await both;
  await engine.close();
  assert.deepEqual(sent.map(({ mirror }) => mirror).toSorted(), ['b', 'c']);
  assert.ok(sent.every((one) => one.serial === serial));
  const states = (await pushesOf(db, 'debian', serial)).map(({ mirror, state }) => [mirror, state]);
  assert.deepEqual(states, [
    ['a', 'accepted'],
    ['b', 'accepted'],
    ['c', 'accepted'],
  ]);
});

test('what could not be reached is a row with a reason and a time for the next attempt', async (t) => {
  const f = await networkOf(t, 'dead', 'alive');
  const { serial } = await f.publish();
  const db = await crashImage(t, f);
  const dead: Outcome = { kind: 'unreachable', reason: 'No route to host.' };
  const { sender } = recordingSender((name) => Promise.resolve(name === 'dead' ? dead : accepted));
  const { engine, outcomes } = engineOn(db, sender, () => f.clock.now);
  const both = outcomes(2);
  await engine.resume();
  await both;
  await engine.close();
  const rows = await pushesOf(db, 'debian', serial);
  const row = rows.find(({ mirror }) => mirror === 'dead');
  assert.equal(row?.state, 'unreachable');
  assert.equal(row.reason, 'No route to host.');
  assert.ok(row.next_attempt_at !== null && row.next_attempt_at > f.clock.now.toISOString());
  assert.equal(rows.find(({ mirror }) => mirror === 'alive')?.state, 'accepted');
});

test('what a newer release took over is not sent any more', async (t) => {
  const f = await networkOf(t, 'a');
  const first = await f.publish();
  const second = await f.publish();
  const db = await crashImage(t, f);
  const { sender, sent } = recordingSender(() => Promise.resolve(accepted));
  const { engine, outcomes } = engineOn(db, sender, () => f.clock.now);
  const one = outcomes(1);
  await engine.resume();
  await one;
  await engine.close();
  assert.deepEqual(sent, [{ mirror: 'a', serial: second.serial }]);
  assert.equal((await pushesOf(db, 'debian', first.serial))[0]?.state, 'superseded');
});

test('silence is given up after a day, with a reason', async (t) => {
  const f = await networkOf(t, 'hub', 'other');
  await f.addMirror('leaf', { upstream: 'hub' });
  const { serial } = await f.publish();
  const db = await crashImage(t, f);
  await updatePush(db, { archive: 'debian', serial, mirror: 'hub' }, { state: 'accepted' });
  const { sender } = recordingSender(() => Promise.resolve(accepted));
  const { engine } = engineOn(db, sender, () => f.clock.now);
  await engine.sweep();
  assert.ok((await pushesOf(db, 'debian', serial)).every(({ state }) => state !== 'given-up'));
  f.clock.now = new Date(f.clock.now.getTime() + 25 * 3_600_000);
  await engine.sweep();
  await engine.close();
  const rows = new Map((await pushesOf(db, 'debian', serial)).map((row) => [row.mirror, row]));
  assert.match(rows.get('hub')?.reason ?? '', /accepted it and has reported no commit for 24 h/);
  assert.match(rows.get('leaf')?.reason ?? '', /^hub, which is to send it, has reported nothing/);
  assert.notEqual(rows.get('other')?.state, 'given-up', 'its own sender ends this one');
});
