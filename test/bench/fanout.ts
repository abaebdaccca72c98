/**
 * The fan-out against Debian's runmirrors: mirrors behind one light SSH server, and behind the
 * system's sshd. Wall time until the last trigger was received, processor time of the pushing side
 * in all its processes, and how many processes that is at most. The main figures are the light
 * server's (where the pushing side is what costs), over a fresh connection for each push; `sshd`
 * holds the same for sshd, and `standing` what ours costs over standing connections.
 *
 *     scripts/bench fanout [--mirrors 200] [--runs 5] [--json]
 */
import { parseArgs } from 'node:util';
import type { PushTarget } from '@pushmirror/trigger';
import { startCountingSshd } from './push/counting-sshd.ts';
import { conclude, median, note, rounded } from './push/figures.ts';
import { setUpPushBench } from './push/set-up.ts';
import { createStockRunmirrors } from './push/stock-runmirrors.ts';

const { values } = parseArgs({
  options: {
    mirrors: { type: 'string', default: '200' },
    runs: { type: 'string', default: '5' },
    json: { type: 'boolean' },
  },
});
const mirrors = Number(values.mirrors);
const runs = Number(values.runs);

interface Figures {
  /** Seconds. */
  wall: number;
  /** Seconds. */
  cpu: number;
  processes: number;
}

const bench = await setUpPushBench('fanout');
const sshd = await startCountingSshd(bench.folder, bench.userKey);
try {
  const light = {
    user: 'mirror',
    port: bench.port,
    hostKey: bench.target(0).hostKey,
    async receive(count: number) {
      bench.server.tell({ ask: 'expect', count });
      return (await bench.server.next('all-received')).at;
    },
  };
  const onLight = await compare('light', light);
  const onSshd = await compare('sshd', sshd);
  const standing = await pushOverStanding(light.receive);
  conclude({ bench: 'fanout', runs, mirrors, ...onLight, sshd: onSshd, standing });
} finally {
  await sshd.stop();
  await bench.close();
}

async function compare(
  name: string,
  server: {
    port: number;
    user: string;
    hostKey: string;
    receive(count: number): Promise<number>;
  },
) {
  const { folder, userKey } = bench;
  const { port, user, hostKey } = server;
  const privateKeyPath = userKey.path;
  const stock = await createStockRunmirrors({
    folder,
    mirrors,
    port,
    user,
    hostKey,
    privateKeyPath,
  });
  const targets = Array.from({ length: mirrors }, (_, number) =>
    bench.target(number, { port, user, hostKey }),
  );
  // One of each that does not count: a warm start, and the processes, which it costs to count.
  await pushOurs(targets, server.receive);
  const { processes } = await pushStock(true);
  const ours: Figures[] = [];
  const peer: Figures[] = [];
  for (let run = 1; run <= runs; run += 1) {
    const a = await pushOurs(targets, server.receive);
    const b = { ...(await pushStock(false)), processes };
    ours.push(a);
    peer.push(b);
    note(
      `${name}, run ${run}: ours ${a.wall.toFixed(2)} s, ${a.cpu.toFixed(2)} s of processor time; ` +
        `runmirrors ${b.wall.toFixed(2)} s, ${b.cpu.toFixed(2)} s, ${processes} processes`,
    );
  }
  const [us, them] = [middle(ours), middle(peer)];
  const ratio = {
    wall: them.wall / us.wall,
    cpu: them.cpu / us.cpu,
    processes: them.processes / us.processes,
  };
  return { ours: rounded({ ...us }), peer: rounded({ ...them }), ratio: rounded(ratio) };

  async function pushStock(countProcesses: boolean): Promise<Figures> {
    const received = server.receive(mirrors);
    const { startedAt, ended } = await stock.push({ countProcesses });
    const lastAt = await received;
    const { cpuMs, peakProcesses } = await ended;
    return { wall: (lastAt - startedAt) / 1000, cpu: cpuMs / 1000, processes: peakProcesses };
  }
}

async function pushOurs(
  targets: PushTarget[],
  receive: (count: number) => Promise<number>,
): Promise<Figures> {
  const received = receive(targets.length);
  bench.pusher.tell({ ask: 'push', targets });
  const { startedAt, cpuMs } = await bench.pusher.next('pushed');
  return { wall: ((await received) - startedAt) / 1000, cpu: cpuMs / 1000, processes: 1 };
}

async function pushOverStanding(receive: (count: number) => Promise<number>) {
  const targets = Array.from({ length: mirrors }, (_, number) =>
    bench.target(number, { standing: true }),
  );
  bench.pusher.tell({ ask: 'stand', targets });
  await bench.pusher.next('standing');
  await pushOurs(targets, receive);
  const all: Figures[] = [];
  for (let run = 1; run <= runs; run += 1) all.push(await pushOurs(targets, receive));
  return rounded({ ...middle(all) });
}

function middle(all: Figures[]): Figures {
  return {
    wall: median(all.map(({ wall }) => wall)),
    cpu: median(all.map(({ cpu }) => cpu)),
    processes: median(all.map(({ processes }) => processes)),
  };
}
