/**
 * From the push to the last leaf, on a tree of 4 hubs with 4 leaves each: ours against Debian's own
 * (runmirrors on the master, ftpsync with HUB=true on the hubs), each with the same change of the
 * same archive, in turn.
 *
 *     scripts/bench propagation [--files 20000] [--changed 20] [--hubs 4] [--leaves 4] [--runs 5] [--json]
 *
 * CPU is that of all processes on all sides: publishing and pushing, agents, ftpsync, sshd, rsync.
 * Ours begins with the command `mirror-master publish`, so that describing the release is part of
 * it; theirs begins with the command runmirrors. A leaf has the release when its own trace file
 * names the release's serial: that file is written after the indexes have switched. The first run is
 * not counted.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { parseTrace } from '@pushmirror/trace';
import type { Agent } from '../harness/agent.ts';
import { createNetwork, type Network } from '../harness/network.ts';
import { waitFor } from '../harness/wait.ts';
import { createArchive } from './propagation/archive.ts';
import { shapeOf } from './propagation/shape.ts';
import { startStockTree, type StockTree } from './propagation/stock-tree.ts';
import { childrenCpuOf, cpuOfAll } from './push/cpu.ts';
import { conclude, median, note, rounded } from './push/figures.ts';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '20000' },
    changed: { type: 'string', default: '20' },
    hubs: { type: 'string', default: '4' },
    leaves: { type: 'string', default: '4' },
    runs: { type: 'string', default: '5' },
    json: { type: 'boolean' },
  },
});
const files = Number(values.files);
const changed = Number(values.changed);
const runs = Number(values.runs);
const shape = shapeOf(Number(values.hubs), Number(values.leaves));
const ARCHIVE = 'bench';
const DEADLINE_MS = 300_000;

interface Cost {
  wall: number;
  cpu: number;
}

const network = await createNetwork({
  hubs: shape.hubs.length,
  leavesPerHub: shape.leaves.length / shape.hubs.length,
  archives: [ARCHIVE],
});
let stock: StockTree | undefined;
try {
  const up = network.tree(ARCHIVE);
  note(`a tree of ${files} files, and ${2 * network.mirrors.length} copies of it`);
  const archive = await createArchive(up, files);
  stock = await startStockTree(join(network.folder, 'stock'), up, shape);
  // Both begin with whole copies: what is measured is a release, not the first copy.
  for (const { name, tree } of network.mirrors) {
    await archive.copyTo(tree(ARCHIVE));
    await archive.copyTo(stock.treeOf(name));
  }
  await network.start();
  const ours: Cost[] = [];
  const peer: Cost[] = [];
  for (let run = 0; run <= runs; run += 1) {
    await archive.change(changed);
    let serial = 0;
    const our = await measured(services(network), async () => {
      const published = await publish(network);
      serial = published.serial;
      return published.seconds;
    });
    const { push, pids } = stock;
    const their = await measured(pids(), () => push(serial));
    const skipped = run === 0 ? ' (not counted)' : '';
    note(`run ${run}: ours ${inWords(our)}; ftpsync and runmirrors ${inWords(their)}${skipped}`);
    if (run === 0) continue;
    ours.push(our);
    peer.push(their);
  }
  const [us, them] = [medians(ours), medians(peer)];
  conclude({
    bench: 'propagation',
    runs,
    files,
    mirrors: network.mirrors.length,
    ours: rounded(us),
    peer: rounded(them),
    ratio: rounded({ wall: them.wall / us.wall, cpu: them.cpu / us.cpu }),
  });
} catch (error) {
  note(network.lastLines(10));
  throw error;
} finally {
  await stock?.stop();
  await network.close();
}

/** What runs all the time; what it starts, and what we start, ends within a run. */
async function measured(pids: readonly number[], work: () => Promise<number>): Promise<Cost> {
  const all = () => cpuOfAll(pids) + childrenCpuOf('self');
  const before = all();
  const wall = await work();
  return { wall, cpu: all() - before };
}

function services({ master, mirrors }: Network): number[] {
  return [master, ...mirrors].map(({ service }) => service.pid() ?? 0);
}

function medians(costs: readonly Cost[]): Cost {
  const of = (figure: keyof Cost) => median(costs.map((cost) => cost[figure]));
  return { wall: of('wall'), cpu: of('cpu') };
}

function inWords({ wall, cpu }: Cost): string {
  return `${wall.toFixed(2)} s, ${cpu.toFixed(2)} s of CPU`;
}

async function publish({ master, leaves }: Network): Promise<{ serial: number; seconds: number }> {
  const before = (await master.releases(ARCHIVE))[0]?.serial ?? 0;
  const started = performance.now();
  const [{ serial }, ...arrivals] = await Promise.all([
    master.publish(ARCHIVE),
    ...leaves.map(async (leaf) => {
      const shown = await serialBeyond(before, leaf);
      return { leaf: leaf.name, shown, seconds: (performance.now() - started) / 1000 };
    }),
  ]);
  const wrong = arrivals.find(({ shown }) => shown !== serial);
  if (wrong !== undefined) throw new Error(`${wrong.leaf} shows ${wrong.shown}, not ${serial}.`);
  await waitFor(
    async () => (await master.pushes(ARCHIVE, serial)).every(({ state }) => state === 'committed'),
    { deadlineMs: DEADLINE_MS, describe: 'every push is committed' },
  );
  return { serial, seconds: Math.max(...arrivals.map(({ seconds }) => seconds)) };
}

function serialBeyond(before: number, { name, tree }: Agent): Promise<number> {
  return waitFor(
    async () => {
      const trace = await readFile(join(tree(ARCHIVE), 'project/trace', name), 'utf8');
      const serial = Number(parseTrace(trace).archiveSerial);
      return serial > before && serial;
    },
    { deadlineMs: DEADLINE_MS, everyMs: 20, describe: `${name} is beyond ${before}` },
  );
}
