/**
 * Switching together: between the first mirror's switch and the last one's, on a tree of 4 hubs with
 * 4 leaves each. `ours` is switch = "together", `peer` the same network as-ready, in turn. A mirror
 * has switched when its Release file was renamed into place: the time is that file's ctime.
 *
 *     scripts/bench switch [--files 2000] [--hubs 4] [--leaves 4] [--runs 20] [--json]
 *
 * spread_ms is the 99th percentile of the runs, median_ms the middle one.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createNetwork } from '../harness/network.ts';
import { createArchive } from './propagation/archive.ts';
import { conclude, median, note, quantile, rounded } from './push/figures.ts';

const { values } = parseArgs({
  options: {
    files: { type: 'string', default: '2000' },
    hubs: { type: 'string', default: '4' },
    leaves: { type: 'string', default: '4' },
    runs: { type: 'string', default: '20' },
    json: { type: 'boolean' },
  },
});
const runs = Number(values.runs);
const ARCHIVE = 'bench';

const network = await createNetwork({
  hubs: Number(values.hubs),
  leavesPerHub: Number(values.leaves),
  archives: [ARCHIVE],
});
try {
  const archive = await createArchive(network.tree(ARCHIVE), Number(values.files));
  for (const { tree } of network.mirrors) await archive.copyTo(tree(ARCHIVE));
  await network.start();
  const spreads: Record<Switch, number[]> = { together: [], 'as-ready': [] };
  for (let run = 0; run <= runs; run += 1) {
    for (const how of ['together', 'as-ready'] as const) {
      const ms = await release(how);
      note(`run ${run}, ${how}: ${ms.toFixed(0)} ms${run === 0 ? ' (not counted)' : ''}`);
      if (run > 0) spreads[how].push(ms);
    }
  }
  const [us, them] = [spreads.together, spreads['as-ready']].map((all) => ({
    spread_ms: quantile(all, 0.99),
    median_ms: median(all),
  }));
  if (us === undefined || them === undefined) throw new Error('There was no run.');
  conclude({
    bench: 'switch',
    runs,
    mirrors: network.mirrors.length,
    ours: rounded(us),
    peer: rounded(them),
    ratio: rounded({ spread_ms: them.spread_ms / us.spread_ms }),
  });

  /** Publish a small change; how far apart the first and the last switch were, in milliseconds. */
  async function release(how: Switch): Promise<number> {
    const set = await network.master.command('archive', 'set', ARCHIVE, '--switch', how);
    if (set.code !== 0) throw new Error(set.stderr);
    const changed = await archive.change(20);
    await network.master.publish(ARCHIVE, '--wait', '100%', '--timeout', '5m');
    const times = await Promise.all(
      network.mirrors.map(async ({ tree }) => (await stat(join(tree(ARCHIVE), changed))).ctimeMs),
    );
    return Math.max(...times) - Math.min(...times);
  }
} catch (error) {
  note(network.lastLines(10));
  throw error;
} finally {
  await network.close();
}

type Switch = 'together' | 'as-ready';
