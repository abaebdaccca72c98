/**
 * One sync of a release in which 100 files changed, of an archive of so many files: ours by
 * manifest against stock ftpsync, in turn, from the same rsync daemon.
 *
 *     scripts/bench sync [--files 200000] [--changed 100] [--runs 5] [--warm 5] [--keep FOLDER] [--json]
 *
 * What is measured. CPU is that of all processes on both ends: the daemon and its children, and on
 * the mirror's side ftpsync (a script, which is started each time) with all that it starts, or the
 * agent (which runs all the time, as it does on a mirror) with its threads and all that it starts,
 * from when it is told of the release until it has committed it. How the news arrives is not part
 * of it for either: fanout and standing measure that. Publishing is measured by publish. Bytes are
 * those received, by rsync's own count. The first run is not counted, since in it everything is read
 * from the disk for the first time; before it come a few syncs of ours alone (--warm), in which Node
 * compiles the agent's code: an agent is started once in a long while, a shell script each time.
 *
 * With --keep the trees stay in a folder, and a second run there begins at once.
 */
import { parseArgs } from 'node:util';
import { conclude, median, note, rounded } from './push/figures.ts';
import { setUpSyncBench, type Cost, type Shares } from './sync/set-up.ts';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '200000' },
    changed: { type: 'string', default: '100' },
    runs: { type: 'string', default: '5' },
    warm: { type: 'string', default: '5' },
    keep: { type: 'string' },
    json: { type: 'boolean' },
  },
});
const files = Number(values.files);
const changed = Number(values.changed);
const runs = Number(values.runs);

const bench = await setUpSyncBench(files, values.keep);
try {
  for (let run = 0; run < Number(values.warm); run += 1) {
    await bench.release(changed);
    note(`to warm up: ours ${inWords(await bench.sync())}`);
  }
  const ours: Cost[] = [];
  const peer: Cost[] = [];
  for (let run = 0; run <= runs; run += 1) {
    await bench.release(changed);
    const our = await bench.sync();
    const their = await bench.ftpsync();
    // It tidied up its memory after its sync.
    our.agent += their.agent;
    our.cpu += their.agent;
    note(
      `run ${run}: ours ${inWords(our)}; ftpsync ${inWords(their)}${run === 0 ? ' (not counted)' : ''}`,
    );
    if (run === 0) continue;
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
    peak_mb: bench.peakMb(),
  });
} finally {
  await bench.stop();
}

function medians(costs: readonly Cost[]): Cost {
  return {
    wall: median(costs.map(({ wall }) => wall)),
    cpu: median(costs.map(({ cpu }) => cpu)),
    bytes: median(costs.map(({ bytes }) => bytes)),
  };
}

function inWords({ wall, cpu, bytes, agent, programs, upstream }: Cost & Shares): string {
  const parts = [agent, programs, upstream].map((share) => share.toFixed(2)).join(' + ');
  return `${wall.toFixed(2)} s, ${cpu.toFixed(2)} s of CPU (${parts}), ${bytes} bytes`;
}
