/**
 * Standing connections: the time from publish to the last acceptance over connections that are
 * open already, against fresh connections in the same run; processor time a mirror, and memory a
 * connection.
 *
 *     scripts/bench standing [--mirrors 1000] [--runs 5] [--json]
 */
import { parseArgs } from 'node:util';
import { conclude, median, note, rounded } from './push/figures.ts';
import { setUpPushBench } from './push/set-up.ts';

const { values } = parseArgs({
  options: {
    mirrors: { type: 'string', default: '1000' },
    runs: { type: 'string', default: '5' },
    json: { type: 'boolean' },
  },
});
const mirrors = Number(values.mirrors);
const runs = Number(values.runs);
const bench = await setUpPushBench('standing');
try {
  const all = (standing: boolean) =>
    Array.from({ length: mirrors }, (_, number) => bench.target(number, { standing }));
  const push = async (standing: boolean) => {
    bench.pusher.tell({ ask: 'push', targets: all(standing) });
    const { startedAt, finishedAt, cpuMs } = await bench.pusher.next('pushed');
    return { seconds: (finishedAt - startedAt) / 1000, cpu_ms: cpuMs / mirrors };
  };
  const memory = async () => {
    bench.pusher.tell({ ask: 'memory' });
    return (await bench.pusher.next('memory')).bytes;
  };

  const before = await memory();
  bench.pusher.tell({ ask: 'stand', targets: all(true) });
  const { seconds } = await bench.pusher.next('standing');
  const kb = ((await memory()) - before) / 1024 / mirrors;
  note(`${mirrors} connections opened in ${seconds.toFixed(1)} s, ${kb.toFixed(0)} KB each`);

  await push(true); // Once each that does not count, so that both are measured warm.
  await push(false);
  const ours = { seconds: [] as number[], cpu_ms: [] as number[] };
  const peer = { seconds: [] as number[], cpu_ms: [] as number[] };
  for (let run = 1; run <= runs; run += 1) {
    const standing = await push(true);
    const fresh = await push(false);
    ours.seconds.push(standing.seconds);
    ours.cpu_ms.push(standing.cpu_ms);
    peer.seconds.push(fresh.seconds);
    peer.cpu_ms.push(fresh.cpu_ms);
    note(
      `run ${run}: standing ${standing.seconds.toFixed(3)} s, ${standing.cpu_ms.toFixed(2)} ms a mirror; ` +
        `fresh ${fresh.seconds.toFixed(3)} s, ${fresh.cpu_ms.toFixed(2)} ms`,
    );
  }
  const [a, b] = [ours, peer].map((one) => ({
    seconds: median(one.seconds),
    cpu_ms: median(one.cpu_ms),
  }));
  if (a === undefined || b === undefined) throw new Error('There was no run.');
  conclude({
    bench: 'standing',
    runs,
    mirrors,
    ours: rounded({ ...a, kb }),
    peer: rounded(b),
    ratio: rounded({ seconds: b.seconds / a.seconds, cpu_ms: b.cpu_ms / a.cpu_ms }),
  });
} finally {
  await bench.close();
}
