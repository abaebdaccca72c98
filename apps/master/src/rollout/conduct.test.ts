import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { HEAD_PATH, parseHead } from '@pushmirror/trigger/head/head';
import { HOLD_PATH, parseHold, type Hold } from '@pushmirror/trigger/head/hold';
import type { z } from 'zod';
import type { rolloutWithPushes } from '../commands/rollout-picture.ts';
import { createFixture, type Fixture } from '../setup/fixture.test.ts';
import type { Policy } from './policy.ts';

type Rollout = z.infer<typeof rolloutWithPushes>;

const HOUR = 3_600_000;
const wave = (name: string, ...mirrors: string[]): Policy['waves'][number] => ({
  name,
  mirrors,
  bakeMs: 20,
  deadlineMs: HOUR,
  gate: { committed: { percent: 100 }, observed: true, check: null },
});

/** A master with an archive, a hub with a leaf below it, and a mirror of its own. */
async function network(t: TestContext, change: object) {
  const f = await createFixture(t);
  await f.addArchive({ mode: 'manifest' });
  const tokens = {
    hub: await f.addMirror('hub'),
    leaf: await f.addMirror('leaf', { upstream: 'hub' }),
    alone: await f.addMirror('alone'),
  };
  const set = await f.call('POST', '/v1/archives/debian/policy', change);
  assert.equal(set.status, 200, set.text);
  const instance = randomBytes(8).toString('hex');
  let number = 0;
  return {
    f,
    tokens,
    later(ms: number) {
      f.clock.now = new Date(f.clock.now.getTime() + ms);
    },
    /** What a mirror says of itself. */
    async say(mirror: keyof typeof tokens, serial: number, event: string) {
      number += 1;
      const at = f.clock.now.toISOString();
      const report = {
        id: `${instance}:${number}`,
        at,
        archive: 'debian',
        epoch: 1,
        serial,
        event,
      };
      const body = { reports: [report] };
      const answer = await f.call('POST', '/v1/reports', body, tokens[mirror]);
      assert.equal(answer.status, 200, answer.text);
    },
    rollout: (serial: number) => rolloutOf(f, serial),
    /** The rollout when it is as wanted. */
    async until(serial: number, wanted: (now: Rollout) => boolean): Promise<Rollout> {
      const deadline = Date.now() + 20_000;
      for (;;) {
        const now = await rolloutOf(f, serial);
        if (wanted(now)) return now;
        if (Date.now() > deadline) assert.fail(`It is ${JSON.stringify(now)}`);
        await delay(10);
      }
    },
    publicSerial: async () =>
      existsSync(join(f.tree, HEAD_PATH))
        ? parseHead(await readFile(join(f.tree, HEAD_PATH))).head.serial
        : undefined,
    /** What the database says is public is so in the tree a moment later. */
    async untilPublic(serial: number) {
      const deadline = Date.now() + 20_000;
      while ((await this.publicSerial()) !== serial) {
        if (Date.now() > deadline) assert.fail(`${await this.publicSerial()} is public`);
        await delay(10);
      }
    },
    async untilHold(): Promise<Hold> {
      const deadline = Date.now() + 20_000;
      while (!existsSync(join(f.tree, HOLD_PATH)) && Date.now() < deadline) await delay(10);
      return this.publicHold();
    },
    publicHold: async () => parseHold(await readFile(join(f.tree, HOLD_PATH))).hold,
  };
}

async function rolloutOf(f: Fixture, serial: number): Promise<Rollout> {
  const { body } = await f.call('GET', `/v1/rollouts/debian/${serial}`);
  return body as Rollout;
}

const waves = (...all: Policy['waves']): { policy: Policy } => ({
  policy: { switch: 'as-ready', stageDeadlineMs: HOUR, waves: all },
});

test('canaries go first, are watched, and then the release is public', async (t) => {
  const n = await network(t, waves(wave('canary', 'leaf')));
  const { serial } = await n.f.publish();
  const begun = await n.rollout(serial);
  assert.deepEqual(
    begun.pushes.map(({ mirror, wave: of }) => [mirror, of]),
    [
      ['alone', 1],
      ['hub', 0],
      ['leaf', 0],
    ],
  );
  assert.equal(begun.publicAt, null);
  assert.equal((await n.f.call('GET', '/v1/archives/debian/head')).status, 404);
  assert.equal(await n.publicSerial(), undefined);

  await n.say('hub', serial, 'committed');
  assert.equal((await n.rollout(serial)).phase, 'sending', 'its leaf is a canary too');
  await n.say('leaf', serial, 'committed');
  await n.until(serial, ({ phase }) => phase === 'baking');
  n.later(20);
  const done = await n.until(serial, ({ phase }) => phase === 'done');
  assert.equal(done.wave, 1);
  assert.deepEqual(
    done.waves.map(({ name, state, mirrors }) => [name, state, mirrors.total]),
    [
      ['canary', 'done', 2],
      ['rest', 'now', 1], // It may have it, and is on its way to it.
    ],
  );
  await n.untilPublic(serial);
  await n.say('alone', serial, 'committed');
  assert.equal((await n.rollout(serial)).waves[1]?.state, 'done');
});

test('the release before stays public and fresh while the next one is tried', async (t) => {
  const n = await network(t, { switch: 'as-ready' });
  const { serial: first } = await n.f.publish();
  await n.f.call('POST', '/v1/archives/debian/policy', waves(wave('canary', 'hub')));
  const { serial: second } = await n.f.publish();
  assert.equal(await n.publicSerial(), first);
  const served = await n.f.call('GET', '/v1/archives/debian/head', undefined, null);
  assert.equal(parseHead(Buffer.from(served.text, 'latin1')).head.serial, first);
  const { pushes } = await n.rollout(first);
  assert.deepEqual(
    pushes.map(({ mirror, state }) => [mirror, state === 'superseded']),
    [
      ['alone', false],
      ['hub', true],
      ['leaf', true],
    ],
    'who is not a canary still gets the release that is public',
  );
  await n.f.master.destroy();
  n.later(9 * HOUR);
  await (await n.f.again()).start();
  const head = parseHead(await readFile(join(n.f.tree, HEAD_PATH))).head;
  assert.equal(head.serial, first);
  assert.equal(head.issued.getTime(), n.f.clock.now.getTime(), 'issued anew');
  assert.equal((await n.rollout(second)).publicAt, null);
});

test('a canary that fails holds the release, signed and for everybody to see', async (t) => {
  const n = await network(t, waves(wave('canary', 'hub')));
  const { serial } = await n.f.publish();
  await n.say('hub', serial, 'committed');
  await n.say('leaf', serial, 'failed');
  const held = await n.until(serial, (now) => now.held !== null);
  assert.match(held.held?.reason ?? '', /leaf \(given-up\) of the wave canary failed/);
  assert.equal(held.held?.by, 'master');
  const hold = await n.untilHold();
  assert.deepEqual([hold.serial, hold.sequence, hold.state], [serial, 1, 'held']);
  const served = await n.f.call('GET', '/v1/archives/debian/hold', undefined, null);
  assert.equal(served.text, await readFile(join(n.f.tree, HOLD_PATH), 'latin1'));

  const resumed = await n.f.call('POST', '/v1/rollouts/debian/resume', { skipGate: true });
  assert.equal(resumed.status, 200, resumed.text);
  assert.equal((await n.publicHold()).state, 'released');
  const done = await n.rollout(serial);
  assert.deepEqual([done.phase, done.wave, done.held], ['done', 1, null]);
  await n.untilPublic(serial);
});

test('together: the barrier opens when all have staged, and nobody commits before', async (t) => {
  const n = await network(t, { switch: 'together' });
  const { serial } = await n.f.publish();
  await n.say('hub', serial, 'staged');
  await n.say('leaf', serial, 'staged');
  assert.equal((await n.rollout(serial)).phase, 'staging');
  assert.equal(await n.publicSerial(), undefined);
  await n.say('alone', serial, 'staged');
  const open = await n.until(serial, ({ phase }) => phase === 'committing');
  assert.ok(open.pushes.every(({ leftBehindAt }) => leftBehindAt === null));
  assert.notEqual(open.publicAt, null);
  for (const mirror of ['hub', 'leaf', 'alone'] as const) await n.say(mirror, serial, 'committed');
  await n.until(serial, ({ phase }) => phase === 'done');
  await n.untilPublic(serial);
});

test('together: after the deadline the rest go on, and it is said who was left behind', async (t) => {
  const n = await network(t, { policy: { switch: 'together', stageDeadlineMs: 50, waves: [] } });
  const { serial } = await n.f.publish();
  await n.say('hub', serial, 'staged');
  await n.say('leaf', serial, 'staged');
  n.later(50);
  const open = await n.until(serial, ({ phase }) => phase === 'committing');
  const left = open.pushes.filter(({ leftBehindAt }) => leftBehindAt !== null);
  assert.deepEqual(
    left.map(({ mirror }) => mirror),
    ['alone'],
  );
});

test('a master that died between the last stage and the barrier opens it at its start', async (t) => {
  const n = await network(t, { switch: 'together' });
  const { serial } = await n.f.publish();
  await n.say('hub', serial, 'staged');
  await n.say('leaf', serial, 'staged');
  await n.f.master.destroy();
  const again = await n.f.again();
  await n.say('alone', serial, 'staged'); // Not started: nothing follows from it yet.
  assert.equal((await n.rollout(serial)).phase, 'staging');
  await again.start();
  await n.until(serial, ({ phase }) => phase === 'committing');
  await n.untilPublic(serial);
});

test('halt and resume are orders of a person, and an urgent release goes past them', async (t) => {
  const n = await network(t, waves(wave('canary', 'hub')));
  const { serial } = await n.f.publish();
  const halted = await n.f.call('POST', '/v1/rollouts/debian/halt', { reason: 'bad checksums' });
  assert.equal(halted.status, 200, halted.text);
  assert.equal((await n.publicHold()).reason, 'bad checksums');
  const twice = await n.f.call('POST', '/v1/rollouts/debian/halt', {});
  assert.match(twice.text, /is held since .*: bad checksums/);
  await n.say('hub', serial, 'committed');
  await n.say('leaf', serial, 'committed');
  assert.equal((await n.rollout(serial)).phase, 'sending', 'held: nothing goes on');

  const answer = await n.f.call('POST', '/v1/archives/debian/releases', { urgent: true });
  const urgent = (answer.body as { serial: number }).serial;
  const now = await n.rollout(urgent);
  assert.deepEqual([now.urgent, now.phase, now.waves, now.held], [true, 'done', [], null]);
  assert.equal(await n.publicSerial(), urgent);
  const late = await n.f.call('POST', '/v1/rollouts/debian/resume', {});
  assert.match(late.text, /is not held/);
  const tokens = { agent: n.tokens.hub };
  const { status } = await n.f.call('POST', '/v1/rollouts/debian/halt', {}, tokens.agent);
  assert.equal(status, 403);
});

test('a policy is refused for mirrors that are not there, overlap, or cannot stage', async (t) => {
  const n = await network(t, { switch: 'as-ready' });
  const set = async (change: object) =>
    (await n.f.call('POST', '/v1/archives/debian/policy', change)).text;
  assert.match(await set(waves(wave('canary', 'ghost'))), /no mirror ghost carries debian/);
  const overlap = waves(wave('canary', 'leaf'), wave('second', 'hub'));
  assert.match(await set(overlap), /wave second: hub goes with the wave canary/);
  const check = { ...wave('canary', 'leaf'), gate: { ...wave('x').gate, check: ['/bin/true'] } };
  assert.match(await set(waves(check as Policy['waves'][number])), /Gates may run no program here/);
  const good = JSON.parse(await set(waves(wave('canary', 'leaf')))) as { waves: unknown };
  assert.deepEqual(good.waves, [
    { name: 'canary', mirrors: ['hub', 'leaf'] },
    { name: 'rest', mirrors: ['alone'] },
  ]);
});
