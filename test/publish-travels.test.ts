import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createAptClient } from './harness/apt-client.ts';
import { createDebianArchive, type DebianArchive } from './harness/debian-archive.ts';
import { headOf, serialOf } from './harness/forge.ts';
import type { Published } from './harness/master.ts';
import { createNetwork, type Network } from './harness/network.ts';
import { verifyWithSshKeygen } from './harness/ssh-keygen.ts';

void describe('a publish travels the tree: master, hub, leaf', () => {
  let network: Network;
  let archive: DebianArchive;
  let first: Published;
  let second: Published;

  before(async () => {
    network = await createNetwork();
    archive = await createDebianArchive({
      root: network.tree('debian'),
      work: join(network.folder, 'work'),
      packages: 20,
    });
    await network.start();
    first = await publish(1);
    second = await publish(2);
  });
  after(async () => {
    await archive?.close();
    await network?.close();
  });

  void test('publish --wait tells how many mirrors have it', () => {
    assert.deepEqual(first.mirrors, { total: 2, committed: 2, failed: 0 });
    assert.deepEqual(second.mirrors, { total: 2, committed: 2, failed: 0 });
    assert.ok(second.serial > first.serial);
    assert.ok(second.files > 0 && second.bytes > 0 && second.seconds > 0);
    assert.match(String(second.serial), /^20\d{8}$/);
  });

  void test('every mirror has the second release byte for byte, and shows its head', async () => {
    const master = await headOf(network.tree('debian'));
    for (const mirror of network.mirrors) {
      assert.deepEqual(await network.differences(mirror, 'debian'), [], mirror.name);
      assert.equal(await serialOf(mirror.tree('debian')), second.serial);
      assert.deepEqual((await headOf(mirror.tree('debian'))).head, master.head);
    }
  });

  void test('ssh-keygen -Y verify passes on the head, at the master and at a leaf', async () => {
    const leaf = network.leaves[0]!.tree('debian');
    for (const tree of [network.tree('debian'), leaf]) {
      const head = await headOf(tree);
      await verifyWithSshKeygen(head, network.master.allowedSigners, network.folder);
      const forged = Buffer.from(head.bytes.toString('latin1').replace('Epoch: 1', 'Epoch: 2'));
      await assert.rejects(
        verifyWithSshKeygen({ bytes: forged }, network.master.allowedSigners, network.folder),
      );
    }
  });

  void test('apt installs from the leaf: signatures, digests and packages are right', async () => {
    const leaf = network.leaves[0]!.tree('debian');
    const apt = await createAptClient(
      join(network.folder, 'apt'),
      `file:${leaf}`,
      join(leaf, 'archive-key.asc'),
    );
    await apt.update();
    await apt.download('anchor-tools');
  });

  void test('the trace files name the serial and the way it came', async () => {
    const leaf = network.leaves[0]!;
    const trace = await readFile(join(leaf.tree('debian'), 'project/trace', leaf.name), 'utf8');
    assert.match(trace, new RegExp(`^Archive serial: ${second.serial}$`, 'm'));
    assert.match(trace, /^Creator: pushmirror /m);
    assert.match(trace, /^Maintainer: Test <test@example.org>$/m);
  });

  void test('the page shows archive, mirrors and serial', async () => {
    const response = await fetch(`${network.master.url}/`);
    assert.equal(response.status, 200);
    const page = await response.text();
    for (const word of ['debian', 'hub1', 'leaf1-1', String(second.serial)]) {
      assert.ok(page.includes(word), `the page has ${word}`);
    }
    assert.match(page, /<meta[^>]+viewport/);
    assert.match(response.headers.get('content-security-policy') ?? '', /default-src/);
  });

  void test('the API tells who has which release', async () => {
    const pushes = await network.master.pushes('debian', second.serial);
    assert.deepEqual(
      pushes.map(({ mirror, tier, state }) => ({ mirror, tier, state })),
      [
        { mirror: 'hub1', tier: 1, state: 'committed' },
        { mirror: 'leaf1-1', tier: 2, state: 'committed' },
      ],
    );
    const releases = await network.master.releases('debian');
    assert.deepEqual(
      releases.map(({ serial }) => serial),
      [second.serial, first.serial],
    );
    assert.equal((await fetch(`${network.master.url}/v1/rollouts`)).status, 401);
    const openapi = await network.master.api<{ openapi: string }>('/v1/openapi.json');
    assert.match(openapi.openapi, /^3\./);
  });

  void test('status of master and agent say the same', async () => {
    const master = await network.master.command('status', '--json');
    assert.equal(master.code, 0, master.stderr);
    assert.ok(JSON.stringify(master.json).includes(String(second.serial)));
    const agent = await network.leaves[0]!.command('status', '--json');
    assert.equal(agent.code, 0, agent.stderr);
    assert.ok(JSON.stringify(agent.json).includes(String(second.serial)));
  });

  async function publish(release: number): Promise<Published> {
    await archive.build(release);
    return network.master.publish('debian', '--wait', '100%', '--timeout', '60s');
  }
});
