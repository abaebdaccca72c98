import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { serialOf } from './harness/forge.ts';
import { createNetwork, type Network } from './harness/network.ts';
import { buildPlainTree } from './harness/plain-tree.ts';
import { rolloutOf, rolloutUntil, servedSerials, setPolicy } from './harness/rollouts.ts';

/** Two hubs with a leaf each; the first subtree tries every release before the second. */
void describe('a release in waves', () => {
  let network: Network;
  let first: number;
  let checks: string;

  const release = async (...flags: string[]) => {
    await writeFile(join(network.tree('debian'), 'new'), `${performance.now()}`);
    return (await network.master.publish('debian', ...flags)).serial;
  };
  const canaryAt = (gate: object, bake = '1s', deadline = '60s') =>
    setPolicy(network, {
      switch: 'as-ready',
      wave: [{ name: 'canary', mirrors: ['leaf1-1'], bake, deadline, gate }],
    });
  /** A check of the administrator's, which notes what it was told and, when it may, ends with `code`. */
  const checkThatEnds = async (code: number) => {
    const lines = [
      '#!/bin/sh',
      `env > ${network.folder}/told`,
      `while [ ! -e ${network.folder}/may-end ]; do sleep 0.1; done`,
      'echo it says no >&2',
      `exit ${code}`,
    ];
    await writeFile(join(checks, 'check'), `${lines.join('\n')}\n`);
    await chmod(join(checks, 'check'), 0o755);
  };

  before(async () => {
    network = await createNetwork({ hubs: 2, leavesPerHub: 1 });
    checks = join(network.folder, 'checks');
    await mkdir(checks);
    await network.master.configure((settings) => {
      settings['checks'] = checks;
      settings['registration'] = { allow_addresses: ['127.0.0.0/8'] };
    });
    await network.master.service.restart();
    await network.start();
    await buildPlainTree(network.tree('debian'), { files: 50 });
    first = await release('--wait', '100%', '--timeout', '60s');
  });
  after(() => network?.close());

  void test('the canaries have it, nobody else does, not even by a poll; then all have it', async () => {
    await checkThatEnds(0);
    await canaryAt({ check: [join(checks, 'check')] });
    const serial = await release();
    await rolloutUntil(network, serial, 'the gate is asked', ({ phase }) => {
      return phase === 'baking' && existsSync(join(network.folder, 'told'));
    });
    await network.mirror('hub2').command('sync', 'debian');
    assert.deepEqual(await servedSerials(network), {
      hub1: serial,
      'leaf1-1': serial,
      hub2: first,
      'leaf2-1': first,
    });
    assert.equal(await serialOf(network.tree('debian')), first, 'the public head');

    await writeFile(join(network.folder, 'may-end'), '');
    const done = await rolloutUntil(network, serial, 'all have it', ({ pushes }) =>
      pushes.every(({ state }) => state === 'committed'),
    );
    assert.equal(done.phase, 'done');
    for (const mirror of network.mirrors) await network.waitForSerial(mirror, 'debian', serial);
    const hub = done.pushes.find(({ mirror }) => mirror === 'hub1');
    assert.notEqual(hub?.observedAt, null, 'it was seen at its rsync server');
    const told = await readFile(join(network.folder, 'told'), 'utf8');
    assert.match(told, /^PUSHMIRROR_ARCHIVE=debian$/m);
    assert.match(told, new RegExp(`^PUSHMIRROR_SERIAL=${serial}$`, 'm'));
    assert.match(told, /^PUSHMIRROR_MIRRORS=hub1 leaf1-1$/m);
    first = serial;
  });

  void test('a check that says no holds it for the rest; a person may go on all the same', async () => {
    await checkThatEnds(7);
    await canaryAt({ check: [join(checks, 'check')] });
    const serial = await release();
    const held = await rolloutUntil(network, serial, 'it is held', (now) => now.held !== null);
    assert.match(
      held.held?.reason ?? '',
      /check of the wave canary ended with exit code 7: it says no/,
    );
    const served = await servedSerials(network);
    assert.deepEqual([served['hub2'], served['leaf2-1']], [first, first]);
    const { stdout } = await network.master.command('rollout', 'show', 'debian');
    assert.match(stdout, /HELD since .* by master: The check/);

    await network.master.command('rollout', 'resume', 'debian', '--skip-gate');
    for (const mirror of network.mirrors) await network.waitForSerial(mirror, 'debian', serial);
    assert.equal((await rolloutOf(network.master, serial)).held, null);
    first = serial;
  });

  void test('a canary that is down holds it at the deadline; an urgent release waits for nobody', async () => {
    await canaryAt({}, '1s', '4s');
    await network.mirror('leaf1-1').service.stop();
    const serial = await release();
    const held = await rolloutUntil(network, serial, 'it is held', (now) => now.held !== null);
    assert.match(held.held?.reason ?? '', /only 1 of 2 \(100% wanted\).*leaf1-1/);
    assert.equal(await serialOf(network.mirror('hub2').tree('debian')), first);

    const urgent = await release('--urgent');
    for (const name of ['hub1', 'hub2', 'leaf2-1']) {
      await network.waitForSerial(network.mirror(name), 'debian', urgent);
    }
    await network.mirror('leaf1-1').service.start();
    await network.waitForSerial(network.mirror('leaf1-1'), 'debian', urgent);
  });
});
