/**
 * Dead mirrors: the 99th percentile of the time from publish to acceptance of the live ones, with
 * 30 % of the mirrors dead in seven ways, against the same run with none dead. Nothing is known of
 * the dead ones beforehand. The ratio is with-dead / none-dead: 1.25 or less is the aim.
 *
 *     scripts/bench dead [--mirrors 300] [--runs 5] [--json]
 */
import { parseArgs } from 'node:util';
import type { PushTarget } from '@pushmirror/trigger';
import { blackHole, refusingPort } from './push/dead-host.ts';
import { conclude, median, note, quantile, rounded } from './push/figures.ts';
import { setUpPushBench } from './push/set-up.ts';

const { values } = parseArgs({
  options: {
    mirrors: { type: 'string', default: '300' },
    runs: { type: 'string', default: '5' },
    json: { type: 'boolean' },
  },
});
const mirrors = Number(values.mirrors);
const runs = Number(values.runs);
const DEAD_IN_TEN = 3;
const bench = await setUpPushBench('dead');
const hole = await blackHole();
try {
  const ways: Partial<PushTarget>[] = [
    { port: await refusingPort() },
    { host: '240.0.0.1' }, // Reserved, and routed nowhere.
    { port: hole.port },
    ...Object.values(bench.deadPorts).map((port) => ({ port })),
  ];
  const isDead = (number: number) => number % 10 < DEAD_IN_TEN;
  const numbers = Array.from({ length: mirrors }, (_, number) => number);
  const live = numbers.filter((number) => !isDead(number)).map((number) => `mirror${number}`);
  const push = async (withDead: boolean) => {
    let dead = 0;
    const targets = numbers.map((number) =>
      withDead && isDead(number)
        ? bench.target(number, ways[dead++ % ways.length])
        : bench.target(number),
    );
    bench.pusher.tell({ ask: 'push', targets, ...(withDead ? { waitFor: live } : {}) });
    const { acceptedAfter, states } = await bench.pusher.next('pushed');
    return { p99: quantile(acceptedAfter, 0.99) / 1000, states };
  };

  await push(false);
  const withDead: number[] = [];
  const noneDead: number[] = [];
  for (let run = 1; run <= runs; run += 1) {
    const none = await push(false);
    const some = await push(true);
    noneDead.push(none.p99);
    withDead.push(some.p99);
    note(
      `run ${run}: p99 ${none.p99.toFixed(3)} s with none dead, ${some.p99.toFixed(3)} s with ` +
        `${mirrors - live.length} dead (${JSON.stringify(some.states)} when the last live one was told)`,
    );
  }
  const ours = { p99: median(withDead) };
  const peer = { p99: median(noneDead) };
  conclude({
    bench: 'dead',
    runs,
    mirrors,
    ours: rounded(ours),
    peer: rounded(peer),
    ratio: rounded({ p99: ours.p99 / peer.p99 }),
  });
} finally {
  hole.close();
  await bench.close();
}
