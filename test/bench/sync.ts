/**
 * One sync of a release in which 100 files changed, of an archive of so many files: ours by
 * manifest against stock ftpsync, in turn, from the same rsync daemon. CPU is that of all processes
 * on both ends. Publishing is not part of it, see publish.ts.
 *
 *     scripts/bench sync [--files 200000] [--changed 100] [--runs 5] [--json]
 */
import { rm } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { conclude, median, note, rounded } from './push/figures.ts';
import { setUpSyncBench, type Cost } from './sync/set-up.ts';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '200000' },
    changed: { type: 'string', default: '100' },
    runs: { type: 'string', default: '5' },
    json: { type: 'boolean' },
  },
});
const files = Number(values.files);
const changed = Number(values.changed);
const runs = Number(values.runs);

const bench = await setUpSyncBench(files);
try {
  const ours: Cost[] = [];
  const peer: Cost[] = [];
  for (let run = 0; run <= runs; run += 1) {
    const head = await bench.release(changed);
    const [our, their] = [await bench.sync(head), await bench.ftpsync()];
    note(
      `run ${run}: ours ${inWords(our)}; ftpsync ${inWords(their)}${run === 0 ? ' (not counted)' : ''}`,
    );
    if (run === 0) continue; // Everything is read from the disk for the first time.
    ours.push(our);
    peer.push(their);
  }
  await bench.compare();
  const [us, them] = [medians(ours), medians(peer)];
  conclude({
    bench: 'sync',
    runs,
    files,
    changed,
    ours: rounded(us),
    peer: rounded(them),
    ratio: rounded({
      wall: them.wall / us.wall,
      cpu: them.cpu / us.cpu,
      bytes: them.bytes / us.bytes,
    }),
    peak_mb: Math.round(process.resourceUsage().maxRSS / 1024),
  });
} finally {
  await bench.stop();
  await rm(bench.folder, { recursive: true, force: true });
}

function medians(costs: readonly Cost[]): Cost {
  return {
    wall: median(costs.map(({ wall }) => wall)),
    cpu: median(costs.map(({ cpu }) => cpu)),
    bytes: median(costs.map(({ bytes }) => bytes)),
  };
}

function inWords({ wall, cpu, bytes }: Cost): string {
  return `${wall.toFixed(2)} s, ${cpu.toFixed(2)} s of CPU, ${bytes} bytes`;
}
