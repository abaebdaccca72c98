/**
 * Publishing an archive of so many files of which 100 changed, against `find -printf` over it; and
 * its first publish, against `sha256sum` of the same files on the same number of cores.
 *
 *     scripts/bench publish [--files 200000] [--changed 100] [--bytes 2000] [--runs 5]
 *                           [--only first|again] [--keep FOLDER] [--json]
 *
 * What is measured. CPU is that of all processes and threads; wall is from when the master begins
 * to describe the tree until its manifest is on the disk. The publishing process is one that runs
 * all the time, as a master does; the first run of each kind is not counted. A publish sends nothing
 * itself: `manifest_bytes` is what it wrote for mirrors to fetch.
 *
 * With --keep the tree stays in a folder, and a second run there begins at once.
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
    only: { type: 'string' },
    keep: { type: 'string' },
    json: { type: 'boolean' },
  },
});
const [files, changed, bytes, runs] = [values.files, values.changed, values.bytes, values.runs].map(
  Number,
) as [number, number, number, number];

const bench = await setUpPublishBench(files, bytes, values.keep);
try {
  const first =
    values.only === 'again'
      ? undefined
      : await inTurn('first publish', 'sha256sum', () => bench.forget(), bench.sha256sum);
  let next = Date.now(); // What a run before this one wrote into a kept tree was something else.
  const change = async () => {
    for (let i = 0; i < changed; i += 1) {
      const name = plainName((next++ * 7919) % files);
      await writeFile(join(bench.tree, name), noise(`${next}${name}`, bytes));
    }
  };
  const again =
    values.only === 'first'
      ? undefined
      : await inTurn(`publish of ${changed} changes`, 'find', change, bench.find);
  const figures = again ?? first;
  if (figures === undefined) throw new Error('--only knows first and again');
  const peak_mb = bench.peakMb();
  const other = again === undefined || first === undefined ? {} : { first };
  conclude({ bench: 'publish', runs, files, changed, ...figures, ...other, peak_mb });
} finally {
  await bench.stop();
}

/** Run both in turn, after the same preparation; the first time does not count. */
async function inTurn(
  our: string,
  their: string,
  prepare: () => Promise<void>,
  runPeer: () => Promise<Cost>,
) {
  const costs: Record<'ours' | 'peer', Cost[]> = { ours: [], peer: [] };
  const written: number[] = [];
  for (let n = 0; n <= runs; n += 1) {
    await prepare();
    const ours = await bench.publish();
    const peer = await runPeer();
    const skipped = n === 0 ? ' (not counted)' : '';
    note(`run ${n}: ${our} ${inWords(ours)}; ${their} ${inWords(peer)}${skipped}`);
    if (n === 0) continue;
    costs.ours.push(ours);
    costs.peer.push(peer);
    written.push(ours.written);
  }
  const ours = medians(costs.ours);
  const peer = medians(costs.peer);
  const ratio = { wall: peer.wall / ours.wall, cpu: peer.cpu / ours.cpu };
  const manifestBytes = median(written);
  const figures = { ours: rounded(ours), peer: rounded(peer), ratio: rounded(ratio) };
  return { peer_is: their, ...figures, manifest_bytes: manifestBytes };
}

function medians(costs: readonly Cost[]): Cost {
  const of = (figure: keyof Cost) => median(costs.map((cost) => cost[figure]));
  return { wall: of('wall'), cpu: of('cpu') };
}

function inWords({ wall, cpu }: Cost): string {
  return `${wall.toFixed(2)} s, ${cpu.toFixed(2)} s of CPU`;
}
