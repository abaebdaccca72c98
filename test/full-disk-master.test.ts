import assert from 'node:assert/strict';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { serialOf } from './harness/forge.ts';
import type { Master } from './harness/master.ts';
import { createNetwork, type Network } from './harness/network.ts';
import { failsWith } from './harness/sentence.ts';
import { smallDisk, type SmallDisk } from './harness/small-disk.ts';
import { waitFor } from './harness/wait.ts';

const TRIES = 20;

void test("publish on a full disk: the master's state", async (t) => {
  await withSmallDisk(t, stateOn, async (network, disk) => {
    const { master } = network;
    const acknowledged = [await publishAll(network, 'one')];
    acknowledged.push(...(await publishUntilRefused(network, disk)));

    await disk.free();
    const last = await publishAll(network, 'there is room again');
    const serials = await serialsOf(master, 'debian');
    for (const serial of [...acknowledged, last]) assert.ok(serials.includes(serial));
    assert.ok(last > Math.max(...acknowledged));
    assert.deepEqual(await network.differences(network.hubs[0]!, 'debian'), []);
  });
});

void test("publish on a full disk: the archive's tree", async (t) => {
  await withSmallDisk(t, archivesOn, async (network, disk) => {
    const acknowledged = [await publishAll(network, 'one')];
    acknowledged.push(...(await publishUntilRefused(network, disk)));
    await disk.free();
    const last = await publishAll(network, 'there is room again');
    assert.ok(last > Math.max(...acknowledged));
    assert.deepEqual(await network.differences(network.hubs[0]!, 'debian'), []);
  });
});

void test('a release whose head found no room in the tree is told as such, and becomes public by itself', async (t) => {
  await withSmallDisk(t, archivesOn, async (network, disk) => {
    const { master } = network;
    const tree = join(disk.path, 'plain');
    await mkdir(tree);
    await master.command('archive', 'add', 'plain', tree, '--classic');
    await writeFile(join(tree, 'file'), 'one');
    const { serial } = await master.publish('plain');

    await writeFile(join(tree, 'file'), 'two');
    await disk.fill();
    failsWith(
      await master.command('publish', 'plain', '--json'),
      1,
      /exists but is not public yet/,
    );
    assert.equal(await serialOf(tree), serial);
    await disk.free();
    const [newest] = await serialsOf(master, 'plain');
    assert.ok(newest! > serial);
    await waitFor(async () => (await serialOf(tree)) === newest, {
      deadlineMs: 30_000,
      describe: `the tree shows ${newest}`,
    });
  });
});

/** A master and a mirror, with something of theirs on a disk that can be filled; no restart after. */
async function withSmallDisk(
  t: TestContext,
  place: (network: Network) => Promise<SmallDisk | undefined>,
  work: (network: Network, disk: SmallDisk) => Promise<void>,
): Promise<void> {
  const network = await createNetwork({ hubs: 1, leavesPerHub: 0 });
  let disk: SmallDisk | undefined;
  try {
    await network.master.service.stop();
    // Heads are looked after twelve times in their lifetime.
    await network.master.configure((settings) => (settings['head_lifetime'] = '60s'));
    disk = await place(network);
    if (disk === undefined) return t.skip('only root may mount a small disk');
    await network.master.service.start();
    await network.start();
    const pid = network.master.service.pid();
    await work(network, disk);
    assert.equal(network.master.service.pid(), pid, 'the master was not restarted');
  } catch (error) {
    console.error(network.lastLines(25));
    throw error;
  } finally {
    await disk?.remove();
    await network.close();
  }
}

async function stateOn({ folder, master }: Network): Promise<SmallDisk | undefined> {
  const disk = await smallDisk(join(folder, 'disk'), 8);
  await master.configure((settings) => (settings['state'] = join(folder, 'disk/state')));
  await cp(join(master.folder, 'state'), join(folder, 'disk/state'), { recursive: true });
  return disk;
}

async function archivesOn(network: Network): Promise<SmallDisk | undefined> {
  const disk = await smallDisk(join(network.tree('debian'), '..'), 8);
  await mkdir(network.tree('debian'), { recursive: true });
  return disk;
}

/**
 * Publish on a full disk until it is refused, which must be soon: with 503 by the API, with 1 and
 * one sentence by the command. @returns the serials that were acknowledged before.
 */
async function publishUntilRefused(network: Network, disk: SmallDisk): Promise<number[]> {
  const { master } = network;
  const acknowledged: number[] = [];
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    await writeFile(join(network.tree('debian'), `file${attempt}`), `number ${attempt}`);
    await disk.fill();
    const response = await post(master);
    if (response.status === 201) {
      acknowledged.push(response.body.serial);
      continue;
    }
    assert.equal(response.status, 503, JSON.stringify(response.body));
    assert.match(response.body.error.message, /disk is full|not public yet/);
    await disk.fill();
    failsWith(await master.command('publish', 'debian', '--json'), 1, /full|not public yet/);
    return acknowledged;
  }
  throw new Error(`${TRIES} publishes went through on a full disk.`);
}

/** Something new in the tree, and a publish that every mirror must have. @returns its serial. */
async function publishAll(network: Network, text: string): Promise<number> {
  await writeFile(join(network.tree('debian'), 'file'), text);
  return (await network.master.publish('debian', '--wait', '100%', '--timeout', '60s')).serial;
}

/** Newest first. */
async function serialsOf(master: Master, archive: string): Promise<number[]> {
  return (await master.releases(archive)).map(({ serial }) => serial);
}

interface PublishAnswer {
  status: number;
  body: { serial: number; error: { message: string } };
}

async function post(master: Master): Promise<PublishAnswer> {
  const config = await readFile(master.config, 'utf8');
  const [, file = ''] = /^admin_token_file = "(.*)"$/m.exec(config) ?? [];
  const token = (await readFile(file, 'utf8')).trim();
  const response = await fetch(`${master.url}/v1/archives/debian/releases`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: '{}',
  });
  return { status: response.status, body: (await response.json()) as PublishAnswer['body'] };
}
