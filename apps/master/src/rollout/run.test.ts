import assert from 'node:assert/strict';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { parseHead } from '@pushmirror/trigger/head/head';
import { readSigningKey } from '@pushmirror/trigger/head/signing-key';
import type { Outcome, Sender } from '@pushmirror/trigger/send/sender';
import { parseTrigger } from '@pushmirror/trigger/wire/trigger';
import { openDatabase, type Db } from '../db/open.ts';
import { updateClaim } from '../db/opt-ins.ts';
import { beginQuarantine } from '../db/quarantines.ts';
import { findPush, pushesOf, updatePush } from '../db/pushes.ts';
import { currentRelease, updateRelease } from '../db/releases.ts';
import { downstreamsOf } from '../registry/downstreams.ts';
import { createFixture, type Fixture } from '../setup/fixture.test.ts';
import { writeHold } from './hold-release.ts';
import { createLedger } from './ledger.ts';
import { createRolloutEngine, type EngineOptions, type RolloutEngine } from './run.ts';

/** Remembers what was sent to whom, and answers as it is told. */
function recordingSender(answer: (mirror: string) => Promise<Outcome>) {
  const sent: { mirror: string; serial: number | undefined }[] = [];
  const commands: { mirror: string; command: string }[] = [];
  const sender: Sender = {
    send(target, command) {
      const { token } = parseTrigger(command);
      const serial = token === undefined ? undefined : parseHead(token).head.serial;
      sent.push({ mirror: target.mirror, serial });
      commands.push({ mirror: target.mirror, command });
      return answer(target.mirror);
    },
    close: () => Promise.resolve(),
  };
  return { sender, sent, commands };
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

function engineOn(db: Db, sender: Sender, now: () => Date, more: Partial<EngineOptions> = {}) {
  const settled: (() => void)[] = [];
  const engine: RolloutEngine = createRolloutEngine({
    db,
    ledger: createLedger(db, (rows) => engine.moved(rows)),
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
    ...more,
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

/** To whom which words were sent. */
const wordsOf = (commands: { mirror: string; command: string }[]) =>
  commands
    .map(({ mirror, command }) => {
      const { words, hold } = parseTrigger(command);
      return `${mirror}: ${hold === undefined ? [...words].join() : 'hold'}`;
    })
    .toSorted();

test('switching together: stage, and the word to commit, which is noted durably and said once', async (t) => {
  const f = await networkOf(t, 'a', 'b');
  const { serial } = await f.publish();
  const db = await crashImage(t, f);
  const about = { archive: 'debian', serial };
  await db.updateTable('release').set({ switch: 'together', phase: 'staging' }).execute();
  const { sender, commands } = recordingSender(() => Promise.resolve(accepted));
  const { engine, outcomes } = engineOn(db, sender, () => f.clock.now);
  const both = outcomes(2);
  await engine.resume();
  await both;
  assert.deepEqual(wordsOf(commands), ['a: stage1', 'b: stage1']);

  // One has staged when the barrier opens, the other a moment later, by its own report.
  await updatePush(db, { ...about, mirror: 'a' }, { state: 'staged' });
  await engine.resume('debian');
  assert.equal(commands.length, 2, 'nobody commits before');
  await updateRelease(db, about, { phase: 'committing' });
  const first = outcomes(1);
  await engine.resume('debian');
  await first;
  const late = outcomes(1);
  await updatePush(db, { ...about, mirror: 'b' }, { state: 'staged' });
  engine.moved((await pushesOf(db, 'debian', serial)).filter(({ mirror }) => mirror === 'b'));
  await late;
  assert.deepEqual(wordsOf(commands.slice(2)), ['a: stage2', 'b: stage2']);
  const rows = await pushesOf(db, 'debian', serial);
  assert.ok(rows.every(({ commit_told_at: told, state }) => told !== null && state === 'staged'));
  await engine.resume();
  await engine.close();
  assert.equal(commands.length, 4);
});

test('a mirror that has not staged yet is asked to commit again, and its push stays as it is', async (t) => {
  const f = await networkOf(t, 'a');
  const { serial } = await f.publish();
  const db = await crashImage(t, f);
  await db.updateTable('release').set({ switch: 'together', phase: 'committing' }).execute();
  const key = { archive: 'debian', serial, mirror: 'a' };
  await updatePush(db, key, { state: 'staged' });
  const busy: Outcome = { kind: 'replied', reply: { result: 'busy' }, exitCode: 75 };
  const { sender } = recordingSender(() => Promise.resolve(busy));
  const { engine, outcomes } = engineOn(db, sender, () => f.clock.now);
  const one = outcomes(1);
  await engine.resume();
  await one;
  await engine.close();
  const [row] = await pushesOf(db, 'debian', serial);
  assert.deepEqual([row?.state, row?.commit_told_at, row?.commit_attempts], ['staged', null, 1]);
  assert.ok((row?.commit_next_attempt_at ?? '') > f.clock.now.toISOString());
});

test('a hold reaches those whom the master pushes, once, and stops what is to be sent', async (t) => {
  const f = await networkOf(t, 'hub', 'other');
  await f.addMirror('leaf', { upstream: 'hub' });
  await f.addMirror('stock', { kind: 'ftpsync' });
  await f.publish();
  const db = await crashImage(t, f);
  const { hold } = await db.transaction().execute(async (trx) => {
    const release = await currentRelease(trx, 'debian');
    assert.ok(release);
    const by = { name: 'test', origin: 'test' };
    const order = { state: 'held' as const, reason: 'no good', by, at: f.clock.now };
    const signer = { network: 'example', signingKey: readSigningKey(f.config.signing_key) };
    return { hold: await writeHold(trx, release, order, signer) };
  });
  const { sender, commands } = recordingSender(() => Promise.resolve(accepted));
  const { engine } = engineOn(db, sender, () => f.clock.now);
  await engine.resume();
  await engine.sendHold('debian', hold);
  await untilTold(db, 2);
  await engine.sendHold('debian', hold);
  await engine.resume();
  await engine.close();
  assert.deepEqual(wordsOf(commands), ['hub: hold', 'other: hold'], 'and no head');
});

test('the pushes of a dead hub go to the nearest live hub above it, which is told of them', async (t) => {
  const f = await networkOf(t, 'top');
  await f.addMirror('hub', { upstream: 'top' });
  await f.addMirror('leaf', { upstream: 'hub' });
  const { serial } = await f.publish();
  const db = await crashImage(t, f);
  const about = { archive: 'debian', serial };
  const longAgo = new Date(f.clock.now.getTime() - 600_000).toISOString();
  await updatePush(db, { ...about, mirror: 'top' }, { state: 'committed', committed_at: longAgo });
  const unreachable = { state: 'unreachable', sent_at: longAgo } as const;
  await updatePush(db, { ...about, mirror: 'hub' }, unreachable);
  const { sender, sent } = recordingSender(() => Promise.resolve(accepted));
  const told: object[] = [];
  const { engine } = engineOn(db, sender, () => f.clock.now, {
    onTakeover: (of) => told.push(of),
  });
  await engine.resume();
  const before = (await downstreamsOf(db, 'top', 60_000)).digest;
  await engine.tend();
  const leaf = (await pushesOf(db, 'debian', serial)).find(({ mirror }) => mirror === 'leaf');
  assert.deepEqual([leaf?.sender, leaf?.state], ['top', 'waiting']);
  assert.equal(leaf?.reason, 'hub cannot be reached; top sends in its place.');
  const { downstreams, digest } = await downstreamsOf(db, 'top', 60_000);
  assert.deepEqual(
    downstreams.map(({ name }) => name),
    ['hub', 'leaf'],
  );
  assert.notEqual(digest, before);
  assert.deepEqual(told, [{ ...about, hub: 'hub', by: 'top' }]);
  await engine.tend();
  assert.equal(told.length, 1);
  await updatePush(db, { ...about, mirror: 'leaf' }, { state: 'committed' });
  assert.deepEqual(
    (await downstreamsOf(db, 'top', 60_000)).downstreams.map(({ name }) => name),
    ['hub'],
  );
  await engine.close();
  assert.deepEqual(sent, []);
});

test('a hub is told which of its downstreams are in quarantine', async (t) => {
  const f = await networkOf(t, 'hub');
  await f.addMirror('leaf', { upstream: 'hub' });
  const db = await crashImage(t, f);
  const before = await downstreamsOf(db, 'hub', 60_000);
  assert.deepEqual(
    before.downstreams.map(({ quarantined }) => quarantined),
    [undefined],
  );
  const at = f.clock.now.toISOString();
  await beginQuarantine(db, { mirror: 'leaf', reason: 'Dead.', by: 'unreached', at });
  const [leaf] = (await downstreamsOf(db, 'hub', 60_000)).downstreams;
  assert.deepEqual([leaf?.quarantined, leaf?.standing], [true, false]);
});

test('a hub that speaks, and only of failures, is passed over until it has a release', async (t) => {
  const f = await networkOf(t, 'hub');
  await f.addMirror('leaf', { upstream: 'hub' });
  const { serial } = await f.publish();
  const db = await crashImage(t, f);
  const [own, leaf] = ['hub', 'leaf'].map((mirror) => ({ archive: 'debian', serial, mirror }));
  assert.ok(own !== undefined && leaf !== undefined);
  const accepted_at = f.clock.now.toISOString();
  await updatePush(db, own, { state: 'accepted', accepted_at });
  const { sender } = recordingSender(() => Promise.resolve(accepted));
  const { engine } = engineOn(db, sender, () => f.clock.now, { hubPatienceMs: 300_000 });
  const senderOfLeaf = async () => (await findPush(db, leaf))?.sender;
  const fails = async (minutes: number) => {
    f.clock.now = new Date(f.clock.now.getTime() + minutes * 60_000);
    const at = f.clock.now.toISOString();
    const failed = { said_event: 'failed', said_serial: serial, said_at: at, heard_at: at };
    await updateClaim(db, own, failed);
    engine.heard('hub');
    await engine.tend();
  };
  await engine.resume();
  await fails(1);
  await fails(4);
  assert.equal(await senderOfLeaf(), 'hub');
  await fails(1);
  assert.equal(await senderOfLeaf(), 'master');
  // It has got it at last, and is to send again.
  await updatePush(db, own, { state: 'committed' });
  engine.moved(await pushesOf(db, 'debian', serial));
  await updatePush(db, own, { state: 'accepted', accepted_at });
  await updatePush(db, leaf, { state: 'waiting', sender: 'hub' });
  await fails(1);
  assert.equal(await senderOfLeaf(), 'hub', 'its patience begins anew');
  await engine.close();
});

async function untilTold(db: Db, count: number): Promise<void> {
  for (let turns = 0; turns < 2_000; turns += 1) {
    if ((await db.selectFrom('hold_told').selectAll().execute()).length === count) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.fail('the hold was not told');
}

test('however often it was asked while the database failed, it tries again once', async (t) => {
  const f = await networkOf(t, 'a');
  await f.publish();
  const db = await crashImage(t, f);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { sender, sent } = recordingSender(() => Promise.resolve(accepted));
  let troubles = 0;
  const onTrouble = () => (troubles += 1);
  const { engine, outcomes } = engineOn(db, sender, () => f.clock.now, { onTrouble });
  await db.schema.alterTable('mirror').renameTo('elsewhere').execute();
  for (let i = 0; i < 5; i += 1) await engine.resume('debian');
  assert.equal(troubles, 5);
  t.mock.timers.tick(5_000);
  await engine.tend(); // In turn after what the timers began, and as much in vain.
  assert.equal(troubles, 7);
  await db.schema.alterTable('elsewhere').renameTo('mirror').execute();
  const one = outcomes(1);
  t.mock.timers.tick(5_000);
  t.mock.timers.reset();
  await one;
  assert.equal(sent.length, 1);
  await engine.close();
});
