/**
 * Publishing an archive of so many files of which 100 changed, against `find -printf` over it; and
 * its first publish, against `sha256sum` of the same files on the same number of cores. CPU is that
 * of all processes and threads.
 *
 *     scripts/bench publish [--files 200000] [--changed 100] [--bytes 2000] [--runs 5] [--json]
 */
import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { join } from 'node:path';
import { noise, plainName } from '../harness/plain-tree.ts';
import { conclude, median, note, rounded } from './push/figures.ts';
import { setUpPublishBench, type Cost } from './publish/set-up.ts';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '200000' },
    changed: { type: 'string', default: '100' },
    bytes: { type: 'string', default: '2000' },
    runs: { type: 'string', default: '5' },
    json: { type: 'boolean' },
  },
});
const [files, changed, bytes, runs] = [values.files, values.changed, values.bytes, values.runs].map(
  Number,
) as [number, number, number, number];

const bench = await setUpPublishBench(files, bytes);
try {
  const first = await inTurn('first publish', 'sha256sum', () => bench.forget(), {
    ours: () => bench.publish(),
    peer: () => bench.sha256sum(),
  });
  let next = 0;
  const change = async () => {
    for (let i = 0; i < changed; i += 1) {
      const name = plainName((next++ * 7919) % files);
      await writeFile(join(bench.tree, name), noise(`${next}${name}`, bytes));
    }
  };
  const again = await inTurn(`publish of ${changed} changes`, 'find', change, {
    ours: () => bench.publish(),
    peer: () => bench.find(),
  });
  conclude({
    bench: 'publish',
    runs,
    files,
    changed,
    ...again,
    first: { peer_is: 'sha256sum', ...first },
    peak_mb: bench.peakMb(),
  });
} finally {
  await bench.stop();
}

/** Run both in turn, after the same preparation; the first time does not count. */
async function inTurn(
  our: string,
  their: string,
  prepare: () => Promise<void>,
  run: Record<'ours' | 'peer', () => Promise<Cost>>,
) {
  const costs: Record<'ours' | 'peer', Cost[]> = { ours: [], peer: [] };
  for (let n = 0; n <= runs; n += 1) {
    await prepare();
    const ours = await run.ours();
    const peer = await run.peer();
    const skipped = n === 0 ? ' (not counted)' : '';
    note(`run ${n}: ${our} ${inWords(ours)}; ${their} ${inWords(peer)}${skipped}`);
    if (n === 0) continue;
    costs.ours.push(ours);
    costs.peer.push(peer);
  }
  const ours = medians(costs.ours);
  const peer = medians(costs.peer);
  const ratio = { wall: peer.wall / ours.wall, cpu: peer.cpu / ours.cpu };
  return { ours: rounded(ours), peer: rounded(peer), ratio: rounded(ratio) };
}

function medians(costs: readonly Cost[]): Cost {
  const of = (figure: keyof Cost) => median(costs.map((cost) => cost[figure]));
  return { wall: of('wall'), cpu: of('cpu') };
}

function inWords({ wall, cpu }: Cost): string {
  return `${wall.toFixed(2)} s, ${cpu.toFixed(2)} s of CPU`;
}
