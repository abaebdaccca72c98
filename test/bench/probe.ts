/**
 * What it costs to look at mirrors from outside: the processor time of one round over all of them
 * (head and trace file with conditions, verdict, and all that is written down), once every file was
 * found right; against curl fetching each mirror's trace file alone, as scripts that watch mirrors do.
 *
 *     scripts/bench probe [--mirrors 1000] [--runs 5] [--json]
 */
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { setUpProbeBench } from './probe/set-up.ts';
import { childrenCpuOf } from './push/cpu.ts';
import { conclude, median, note, rounded } from './push/figures.ts';

const { values } = parseArgs({
  options: {
    mirrors: { type: 'string', default: '1000' },
    runs: { type: 'string', default: '5' },
    json: { type: 'boolean' },
  },
});
const mirrors = Number(values.mirrors);
const runs = Number(values.runs);
const bench = await setUpProbeBench(mirrors);
try {
  const round = async () => {
    const [begun, cpu] = [performance.now(), process.cpuUsage()];
    const fresh = await bench.round();
    const { user, system } = process.cpuUsage(cpu);
    if (fresh !== mirrors) throw new Error(`Only ${fresh} of ${mirrors} mirrors were found fresh.`);
    return { cpu_ms: (user + system) / 1000, seconds: (performance.now() - begun) / 1000 };
  };
  const curl = () => {
    const [begun, cpu] = [performance.now(), childrenCpuOf('self')];
    for (const url of bench.traces) {
      const { status } = spawnSync('curl', ['-sS', '-f', '-o', '/dev/null', url], {
        timeout: 20_000,
      });
      if (status !== 0) throw new Error(`curl ${url} ended with ${status}.`);
    }
    const cpuMs = (childrenCpuOf('self') - cpu) * 1000;
    return { cpu_ms: cpuMs, seconds: (performance.now() - begun) / 1000 };
  };
  const first = await round();
  note(
    `first round, with an index and a package of each: ${first.cpu_ms.toFixed(0)} ms of CPU, ${first.seconds.toFixed(1)} s`,
  );
  const [ours, peer] = [[] as number[], [] as number[]];
  const walls: number[] = [];
  for (let run = 1; run <= runs; run += 1) {
    const [a, b] = [await round(), curl()];
    ours.push(a.cpu_ms);
    walls.push(a.seconds);
    peer.push(b.cpu_ms);
    note(
      `run ${run}: ours ${a.cpu_ms.toFixed(0)} ms of CPU in ${a.seconds.toFixed(1)} s; curl ${b.cpu_ms.toFixed(0)} ms in ${b.seconds.toFixed(1)} s`,
    );
  }
  conclude({
    bench: 'probe',
    runs,
    mirrors,
    ours: rounded({ cpu_ms: median(ours), seconds: median(walls), first_cpu_ms: first.cpu_ms }),
    peer: rounded({ cpu_ms: median(peer) }),
    ratio: rounded({ cpu_ms: median(peer) / median(ours) }),
  });
} finally {
  await bench.stop();
}
