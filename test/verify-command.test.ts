import assert from 'node:assert/strict';
import { existsSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Agent } from './harness/agent.ts';
import type { CommandResult } from './harness/app.ts';
import { withNetwork, type Network } from './harness/network.ts';
import { buildPlainTree, noise } from './harness/plain-tree.ts';
import { failsWith } from './harness/sentence.ts';
import { waitFor } from './harness/wait.ts';

const FILES = 200;
const LOST = 'pool/000/000007.bin';
const WRONG = 'dists/stable/Release';

void test('verify names what is missing, extra or wrong, and --repair fetches only that, beside a running agent', () =>
  withNetwork({ hubs: 1, leavesPerHub: 0, archives: ['debian', 'other'] }, async (network) => {
    const hub = network.hubs[0]!;
    const to = hub.tree('debian');
    const verify = (...args: string[]) => hub.command('verify', ...args);

    const early = await verify('debian');
    assert.equal(early.code, 1);
    assert.match(early.stdout, /^debian: cannot be verified: .+\n/);

    await build(network);
    for (const archive of ['debian', 'other']) await network.master.publish(archive);
    await inSync(network);
    const good = await verify('--json');
    assert.equal(good.code, 0, good.stdout + good.stderr);
    const [debian, other] = linesOf(good);
    assert.equal(debian?.['problems'], 0);
    assert.equal(debian?.['read'], FILES + 2);
    assert.equal(other?.['archive'], 'other');

    damage(to);
    const bad = await verify('debian', '--json');
    assert.equal(bad.code, 1);
    const [wrong, missing, extra, summary] = linesOf(bad);
    assert.deepEqual(
      new Set(
        [wrong, missing, extra].map(
          (one) => `${String(one?.['problem'])} ${String(one?.['path'])}`,
        ),
      ),
      new Set(['extra pool/000/extra', `missing ${LOST}`, `wrong ${WRONG}`]),
    );
    assert.equal(summary?.['problems'], 3);
    const inWords = await verify('debian');
    assert.equal(inWords.code, 1);
    for (const line of [
      `debian: missing: "${LOST}"`,
      `debian: wrong: "${WRONG}" (other content)`,
      'debian: extra: "pool/000/extra"',
    ]) {
      assert.ok(inWords.stdout.includes(`${line}\n`), inWords.stdout);
    }
    assert.equal((await verify('--json')).code, 1, 'of two archives one has problems');
    assert.equal((await verify('other', '--json')).code, 0);

    const sampled = await verify('debian', '--sample', '5%', '--json');
    assert.equal(sampled.code, 1, 'what is missing shows without reading');
    const { read } = linesOf(sampled).at(-1) as { read: number };
    assert.ok(read < FILES / 4, `${read} files were read`);

    const repaired = await verify('debian', '--repair', '--json');
    assert.equal(repaired.code, 0, repaired.stdout + repaired.stderr);
    const { bytes } = linesOf(repaired).at(-1) as { bytes: number };
    // Of two megabytes two files of some hundred bytes, and what rsync itself says for each call.
    assert.ok(bytes > 200 && bytes < 20_000, `${bytes} bytes came by rsync`);
    assert.deepEqual(await network.differences(hub, 'debian'), []);
    assert.equal((await verify('debian')).code, 0);
    assert.ok(hub.service.running());

    failsWith(await verify('nothing'), 2, /does not carry nothing\. It carries: debian, other/);
    failsWith(await verify('--sample', '0%'), 2, /--sample takes a share/);
    failsWith(await verify('--sample', 'some'), 2, /--sample takes a share/);
    assert.equal((await verify('--unknown')).code, 2);
  }));

void test('while a sync runs, verify tells nothing wrong and repairs nothing', () =>
  withNetwork({ hubs: 1, leavesPerHub: 0 }, async (network) => {
    const hub = network.hubs[0]!;
    await build(network);
    await network.master.publish('debian');
    await inSync(network);

    const [hook2, hook3] = await holdSyncs(hub);
    writeFileSync(join(network.tree('debian'), 'pool/000/new.bin'), 'new');
    rmSync(join(network.tree('debian'), LOST));
    writeFileSync(join(network.tree('debian'), WRONG), 'Release 2');
    const { serial } = await network.master.publish('debian');

    // Stage 1 is done: what is new is there, and readers see the release before.
    await hook2.reached();
    const staged = await hub.command('verify', 'debian', '--json');
    assert.equal(staged.code, 0, staged.stdout);
    const locked = await hub.command('verify', 'debian', '--repair');
    assert.equal(locked.code, 0, 'there is nothing to repair');
    rmSync(join(hub.tree('debian'), 'pool/000/000001.bin'));
    const busy = await hub.command('verify', 'debian', '--repair');
    assert.equal(busy.code, 1);
    assert.match(busy.stdout, /not repaired: .* is in use by another sync\./);
    hook2.go();

    // The indexes have switched, and the tree does not say so yet.
    await hook3.reached();
    const between = await hub.command('verify', 'debian');
    assert.equal(between.code, 1);
    assert.match(between.stdout, /cannot be verified: a sync is under way/);
    hook3.go();

    await network.waitForSerial(hub, 'debian', serial);
    await network.waitForPush('debian', serial, hub.name, 'committed');
    const after = await hub.command('verify', 'debian', '--repair', '--json');
    assert.equal(after.code, 0, after.stdout);
    assert.deepEqual(await network.differences(hub, 'debian'), []);
  }));

async function build(network: Network): Promise<void> {
  for (const archive of ['debian', 'other']) {
    const tree = network.tree(archive);
    if (!existsSync(tree)) continue;
    await buildPlainTree(tree, { files: FILES, bytes: 300 });
    await mkdir(join(tree, 'dists/stable'), { recursive: true });
    writeFileSync(join(tree, WRONG), 'Release 1');
    writeFileSync(join(tree, 'pool/big.bin'), noise('big', 2_000_000));
  }
}

async function inSync(network: Network): Promise<void> {
  const hub = network.hubs[0]!;
  for (const archive of ['debian', 'other']) {
    if (!existsSync(network.tree(archive))) continue;
    const [release] = await network.master.releases(archive);
    await network.waitForSerial(hub, archive, release!.serial);
  }
}

/** One file goes, one comes, one has other content of the same size and time. */
function damage(to: string): void {
  rmSync(join(to, LOST));
  writeFileSync(join(to, 'pool/000/extra'), 'extra');
  const { mtime, size } = statSync(join(to, WRONG));
  writeFileSync(join(to, WRONG), 'x'.repeat(size));
  utimesSync(join(to, WRONG), mtime, mtime);
}

function linesOf({ stdout }: CommandResult): Record<string, unknown>[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

/** Syncs wait at two of their hooks, half a minute at most, until they are let go. */
async function holdSyncs(hub: Agent) {
  const points = (['hook2', 'hook3'] as const).map((hook) => {
    const [at, go] = [join(hub.folder, `${hook}.at`), join(hub.folder, `${hook}.go`)];
    const script = `touch ${at}; for i in $(seq 300); do [ -e ${go} ] && break; sleep 0.1; done`;
    return {
      hook,
      argv: ['/bin/sh', '-c', script],
      reached: () =>
        waitFor(() => existsSync(at), {
          deadlineMs: 30_000,
          describe: () => `the sync is at ${hook}:\n${hub.service.lastLines(10)}`,
        }),
      go: () => writeFileSync(go, ''),
    };
  });
  await hub.configure((settings) => {
    const hooks = Object.fromEntries(points.map(({ hook, argv }) => [hook, argv]));
    Object.assign(settings.archive[0]!, { hooks });
  });
  await hub.service.restart();
  return points as [(typeof points)[0], (typeof points)[0]];
}
