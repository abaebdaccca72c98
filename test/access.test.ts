import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Agent } from './harness/agent.ts';
import { withNetwork, type Network } from './harness/network.ts';
import { buildPlainTree } from './harness/plain-tree.ts';
import { accountOf, probeRsync, type Account } from './harness/rsync-probe.ts';
import { waitFor } from './harness/wait.ts';

const REVOKED_WITHIN_MS = 5_000;
const ADDRESSES = ['127.0.0.1', '127.0.0.2', '::1'];

void test('rsync serves exactly what the rules allow, before and after a revocation', async () => {
  const archives = ['debian', 'security'];
  await withNetwork({ hubs: 1, leavesPerHub: 2, archives }, async (network) => {
    const { master } = network;
    const [hub, leaf1, leaf2] = [network.hubs[0]!, network.leaves[0]!, network.leaves[1]!];
    await listenOnBothFamilies(network, hub);
    for (const archive of archives) await buildPlainTree(network.tree(archive), { files: 20 });
    const acl = async (...words: string[]) => {
      const { code, stdout, stderr } = await master.command('acl', ...words, '--json');
      assert.equal(code, 0, `acl ${words.join(' ')}: ${stderr}`);
      return JSON.parse(stdout) as Record<string, unknown>;
    };
    const publish = async () => {
      for (const archive of archives) {
        await writeFile(join(network.tree(archive), 'now'), String(Math.random()));
        const { serial } = await master.publish(archive);
        for (const mirror of network.mirrors) {
          await network.waitForSerial(mirror, archive, serial);
          assert.deepEqual(await network.differences(mirror, archive), []);
        }
      }
    };

    await publish(); // Open to all: nobody had to set anything up.
    await acl('add', 'debian-restricted', '--deny', '--archive', 'debian');
    await publish(); // Restricted: every mirror has its secret, and uses it by itself.
    await acl('add', 'closed', '--deny', '--archive', 'security');
    await acl(
      'add',
      'not-here',
      '--deny',
      '--mirror',
      leaf1.name,
      '--from',
      '127.0.0.2/32,::1/128',
    );
    await inForce(network);
    await probeAll(network, [hub, leaf1, leaf2], archives);

    const [at, account] = [hub.rsyncPort!, await accountOf(leaf2, hub.rsyncPort!)];
    const asLeaf2 = { port: at, module: 'debian', from: '127.0.0.1', as: account };
    assert.ok((await probeRsync(asLeaf2)).served);
    const dry = await acl('add', 'no-leaf2', '--deny', '--mirror', leaf2.name, '--dry-run');
    assert.equal((dry['effects'] as unknown[]).length, 2, 'it would lose both archives');
    assert.ok((await probeRsync(asLeaf2)).served, 'that was not done');
    const revokedAt = performance.now();
    await acl('add', 'no-leaf2', '--deny', '--mirror', leaf2.name);
    await waitFor(async () => !(await probeRsync(asLeaf2)).served, {
      deadlineMs: REVOKED_WITHIN_MS,
      describe: 'the hub refuses leaf2',
    });
    console.log(`revoked at the hub after ${Math.round(performance.now() - revokedAt)} ms`);
    await inForce(network);
    await probeAll(network, [hub, leaf1, leaf2], archives);
    const question = ['explain', '--mirror', leaf2.name, '--archive', 'debian'];
    assert.equal((await acl(...question))['rule'], 'no-leaf2');
    // Exit code 1 as long as a leaf, which asks every five minutes, has older rules.
    const checked = await master.command('acl', 'check', '--json');
    assert.deepEqual((JSON.parse(checked.stdout) as { drift: unknown }).drift, [], checked.stderr);

    await master.service.stop();
    await hub.service.restart();
    assert.ok(!(await probeRsync(asLeaf2)).served, 'by its copy, without the master');
    const asLeaf1 = { ...asLeaf2, as: await accountOf(leaf1, at) };
    assert.ok((await probeRsync(asLeaf1)).served);
  });
});

async function listenOnBothFamilies(network: Network, hub: Agent): Promise<void> {
  const { master } = network;
  await master.configure((settings) => {
    const hosts_allow = ['127.0.0.0/8', '::1/128'];
    settings['rsyncd'] = { address: '::', port: master.rsyncPort, hosts_allow };
    settings['rsync_url'] = `rsync://127.0.0.1:${master.rsyncPort}`;
  });
  await master.service.restart();
  await hub.configure((settings) => {
    settings['rsyncd'] = { address: '::', port: hub.rsyncPort };
  });
  await hub.service.restart();
}

/** Wait until every mirror says that it has the newest rules. */
async function inForce({ master, hubs }: Network): Promise<void> {
  const behind = async () => {
    type Checked = { mirrors: { mirror: string; current: boolean }[] };
    const { mirrors } = await master.api<Checked>('/v1/acl/check');
    const names = new Set(hubs.map(({ name }) => name));
    return mirrors.filter(({ mirror, current }) => names.has(mirror) && !current);
  };
  await waitFor(async () => (await behind()).length === 0, {
    deadlineMs: 5_000,
    describe: 'the hub has the newest rules',
  });
}

/** Every pair of somebody and something, at both daemons, from each address. */
async function probeAll(
  network: Network,
  mirrors: readonly Agent[],
  archives: readonly string[],
): Promise<void> {
  const [hub] = mirrors;
  const places = [
    { port: network.master.rsyncPort, pullers: mirrors },
    { port: hub!.rsyncPort!, pullers: mirrors.slice(1) },
  ];
  let [served, refused] = [0, 0];
  for (const { port, pullers } of places) {
    for (const module of archives) {
      for (const from of ADDRESSES) {
        for (const agent of [undefined, ...pullers]) {
          const as = agent && (await accountOf(agent, port));
          const mirror = agent?.name;
          const question = { mirror, action: 'pull', archive: module, from };
          const said = await network.master.api<{ allowed: boolean; rule: string }>(
            '/v1/acl/explain',
            question,
          );
          const probe = await probeRsync({ port, module, from, as });
          const about = `${mirror ?? 'a stranger'} from ${from}: ${module} at ${port}`;
          assert.equal(probe.served, said.allowed, `${about}, by ${said.rule}: ${probe.why}`);
          if (probe.served) served += 1;
          else refused += 1;
          if (as !== undefined) await refusedAsAnother(port, module, from, as);
        }
      }
    }
  }
  console.log(`${served} pairs served, ${refused} refused`);
}

async function refusedAsAnother(port: number, module: string, from: string, as: Account) {
  const wrong = { ...as, secret: `${as.secret}x` };
  assert.ok(!(await probeRsync({ port, module, from, as: wrong })).served, 'a wrong secret');
}
