import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import type { Report } from '@pushmirror/trigger';
import { createFixture } from '../setup/fixture.test.ts';
import { createClient } from './client.ts';
import { followRollout } from './follow-rollout.ts';
import { goals } from './goals.ts';
import { createProgress } from './progress.ts';
import { pushesIn, tallyOf } from './rollout-picture.ts';
import { waitForMirrors } from './wait-for-mirrors.ts';

const cli = join(import.meta.dirname, '../cli.ts');

/** A master that listens, with a hub and a leaf, one release, and a settings file for commands. */
async function network(t: TestContext) {
  const f = await createFixture(t);
  await f.addArchive();
  const hub = await f.addMirror('hub');
  const leaf = await f.addMirror('leaf', { upstream: 'hub' });
  await f.master.start();
  const { serial } = await f.publish();
  const config = join(f.folder, 'commands.toml');
  const settings = await readFile(join(f.folder, 'master.toml'), 'utf8');
  await writeFile(config, settings.replace('8470', new URL(f.master.url()).port));
  const numbers = new Map<string, number>();
  const say = async (token: string, event: Report['event'], more: Partial<Report> = {}) => {
    const number = (numbers.get(token) ?? 0) + 1;
    numbers.set(token, number);
    const id = `${token === hub ? 'a' : 'b'}`.repeat(16);
    const at = '2026-11-21T09:05:00Z';
    const report = {
      id: `${id}:${number}`,
      at,
      archive: 'debian',
      epoch: 1,
      serial,
      event,
      ...more,
    };
    const { status, text: answer } = await f.call(
      'POST',
      '/v1/reports',
      { reports: [report] },
      token,
    );
    assert.equal(status, 200, answer);
  };
  return { f, hub, leaf, serial, config, say, client: createClient({ config }) };
}

const lost = (sentence: string) => assert.fail(sentence);

test('a follower sees every step, and the end', async (t) => {
  const { client, hub, leaf, serial, say } = await network(t);
  const seen: string[] = [];
  const picture = await followRollout(
    client,
    { archive: 'debian', serial },
    {
      signal: AbortSignal.timeout(30_000),
      isDone: (now) => tallyOf(pushesIn(now)).open === 0,
      onLost: lost,
      onChange(_, push) {
        if (push === undefined && seen.length === 0) {
          void say(hub, 'accepted')
            .then(() => say(hub, 'staged'))
            .then(() => say(hub, 'committed'))
            .then(() => say(leaf, 'committed'));
        }
        seen.push(push === undefined ? 'all' : `${push.mirror} ${push.state}`);
      },
    },
  );
  assert.equal(tallyOf(pushesIn(picture)).committed, 2);
  const steps = seen.filter((step) => /accepted|staged|committed/.test(step));
  assert.deepEqual(steps, ['hub accepted', 'hub staged', 'hub committed', 'leaf committed']);
});

test('a wait ends as soon as its tier has it; with no time left it says how far it came', async (t) => {
  const { client, hub, serial, say } = await network(t);
  const progress = createProgress({ write: () => {} });
  const wait = (text_: string, deadlineMs: number) =>
    waitForMirrors(
      client,
      { archive: 'debian', serial },
      { goals: goals(text_), deadlineMs },
      progress,
    );
  const late = await wait('100%', 300);
  assert.deepEqual(
    [late.reached, late.committed, late.reason],
    [false, 0, 'Time is up: 0 of 2 mirrors have it.'],
  );
  const tier = wait('tier1=100%', 30_000);
  await say(hub, 'committed');
  assert.deepEqual(await tier, { reached: true, total: 2, committed: 1, failed: 0 });
});

test('a newer release ends the wait for the older one', async (t) => {
  const { f, client, serial } = await network(t);
  const progress = createProgress({ write: () => {} });
  const until = { goals: goals('100%'), deadlineMs: 30_000 };
  const waiting = waitForMirrors(client, { archive: 'debian', serial }, until, progress);
  await f.publish();
  assert.equal((await waiting).reason, 'A newer release took over.');
});

test('a master that comes back is followed on; nothing is missed', async (t) => {
  const { f, client, hub, leaf, serial, say, config } = await network(t);
  const port = Number(new URL(f.master.url()).port);
  const said: string[] = [];
  let restarted: Promise<void> | undefined;
  const restart = async () => {
    await f.master.destroy();
    f.config.listen.port = port;
    await (await f.again()).start();
    await say(hub, 'committed');
    await say(leaf, 'failed', { reason: 'The disk is full.' });
  };
  const picture = await followRollout(
    client,
    { archive: 'debian', serial },
    {
      signal: AbortSignal.timeout(30_000),
      isDone: (now) => tallyOf(pushesIn(now)).open === 0,
      onLost: (sentence) => said.push(sentence),
      onChange: () => void (restarted ??= restart()),
    },
  );
  await restarted;
  const { committed, failed } = tallyOf(pushesIn(picture));
  assert.deepEqual([committed, failed], [1, 1]);
  assert.ok(said.length <= 1);

  const shown = await show(config, '--follow', '--json');
  assert.equal(shown.code, 3, 'one has failed');
  const lines = shown.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { type: string });
  assert.deepEqual(
    lines.map(({ type }) => type),
    ['rollout', 'end'],
  );
  const plain = await show(config, '--follow');
  assert.match(plain.stdout, /1 committed, 1 given-up, of 2\n$/);
});

/** `mirror-master rollout show debian`, as a program. */
async function show(config: string, ...flags: string[]) {
  const argv = ['--conditions=source', '--import', 'tsx', cli, 'rollout', 'show', 'debian'];
  const child = spawn(process.execPath, [...argv, '--config', config, ...flags]);
  const code = new Promise<number | null>((resolve) => child.once('close', resolve));
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { stdout, stderr, code: await code };
}

test('nobody there: said at once', async (t) => {
  const { f, client, serial } = await network(t);
  await f.master.destroy();
  const options = {
    signal: AbortSignal.timeout(30_000),
    isDone: () => true,
    onChange: () => {},
    onLost: lost,
  };
  await assert.rejects(
    followRollout(client, { archive: 'debian', serial }, options),
    /^MasterError: No master answers at/,
  );
  await f.again();
});
