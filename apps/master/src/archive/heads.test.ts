import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseTrace } from '@pushmirror/trace';
import { HEAD_PATH, parseHead } from '@pushmirror/trigger/head/head';
import { createFixture, type Fixture } from '../setup/fixture.test.ts';

const publicHead = async (f: Fixture) => parseHead(await readFile(join(f.tree, HEAD_PATH))).head;
const later = (f: Fixture, hours: number) =>
  (f.clock.now = new Date(f.clock.now.getTime() + hours * 3_600_000));

test('a release is public: head, trace file, and the serial where ftpsync looks for it', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  const { serial } = await f.publish();
  assert.equal(serial, 2026112100);
  const head = await publicHead(f);
  assert.deepEqual([head.network, head.archive, head.serial], ['example', 'debian', serial]);
  for (const name of ['master', 'ftp.example.org']) {
    const trace = parseTrace(await readFile(join(f.tree, 'project/trace', name), 'utf8'));
    assert.equal(trace.archiveSerial, String(serial));
    assert.match(trace.creator ?? '', /^pushmirror /);
  }
  const served = await f.call('GET', '/v1/archives/debian/head', undefined, null);
  assert.equal(served.text, await readFile(join(f.tree, HEAD_PATH), 'utf8'));
});

test("another program's project/trace/master is left alone", async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  const theirs = 'Sat Nov 21 08:00:00 UTC 2026\nCreator: dak\nArchive serial: 2026112101\n';
  await mkdir(join(f.tree, 'project/trace'), { recursive: true });
  await writeFile(join(f.tree, 'project/trace/master'), theirs);
  await f.publish();
  assert.equal(await readFile(join(f.tree, 'project/trace/master'), 'utf8'), theirs);
});

test('a master that died before the head was public makes it public at its start', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  const { serial } = await f.publish();
  await f.master.destroy();
  await rm(join(f.tree, HEAD_PATH));
  await writeFile(join(f.tree, `${HEAD_PATH}.0123456789ab.new`), 'half of');
  const again = await f.again();
  await again.start();
  assert.equal((await publicHead(f)).serial, serial);
  assert.deepEqual(await readdir(join(f.tree, 'project/pushmirror')), ['Release.head']);
});

test('an unchanged release is issued anew, without a new push', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  await f.addMirror('hub');
  const { serial } = await f.publish();
  const before = await publicHead(f);
  await f.master.destroy();
  later(f, 9);
  await (await f.again()).start();
  const after = await publicHead(f);
  assert.equal(after.serial, serial);
  assert.equal(after.expires.getTime() - before.expires.getTime(), 9 * 3_600_000);
  const { body } = await f.call('GET', '/v1/rollouts');
  assert.equal((body as { rollouts: unknown[] }).rollouts.length, 1);
});

test('a release that cannot be made public exists, says so, and becomes public later', async (t) => {
  const f = await createFixture(t);
  await f.addArchive();
  await writeFile(join(f.tree, 'project'), 'in the way');
  const answer = await f.call('POST', '/v1/archives/debian/releases', {});
  assert.equal(answer.status, 503);
  assert.match(answer.text, /Release 2026112100 of debian exists but is not public yet/);
  await rm(join(f.tree, 'project'));
  await f.master.destroy();
  await (await f.again()).start();
  assert.equal((await publicHead(f)).serial, 2026112100);
});
