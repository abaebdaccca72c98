/**
 * The fan-out against Debian's runmirrors: mirrors behind one light SSH server, and behind the
 * system's sshd. Wall time until the last trigger was received, processor time of the pushing side
 * in all its processes, and how many processes that is at most. `ours` is as master and hubs push
 * unless they are told otherwise: over standing connections. `fresh` is a new connection for each
 * push, as it is when there is none. The main figures are the light server's (where the pushing
 * side is what costs); `sshd` holds the same for sshd.
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

type Receive = (count: number) => Promise<number>;

const bench = await setUpPushBench('fanout');
const sshd = await startCountingSshd(bench.folder, bench.userKey);
try {
  const light = {
    user: 'mirror',
    port: bench.port,
    hostKey: bench.target(0).hostKey,
    // A user for each mirror, since a standing connection belongs to one user of one host.
    target: (number: number) => bench.target(number),
    async receive(count: number) {
      bench.server.tell({ ask: 'expect', count });
      return (await bench.server.next('all-received')).at;
    },
  };
  const onLight = await compare('light', light);
  const { port, user, hostKey } = sshd;
  const onSshd = await compare('sshd', {
    ...sshd,
    // There is only one user: a loopback address for each.
    target: (number: number) =>
      bench.target(number, { host: `127.0.1.${1 + number}`, port, user, hostKey }),
  });
  conclude({ bench: 'fanout', runs, mirrors, ...onLight, sshd: onSshd });
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
    target: (number: number) => PushTarget;
    receive: Receive;
  },
) {
  const { folder, userKey } = bench;
  const { port, user, hostKey, receive } = server;
  const privateKeyPath = userKey.path;
  const of = { folder, mirrors, port, user, hostKey, privateKeyPath };
  const stock = await createStockRunmirrors(of);
  const fresh = Array.from({ length: mirrors }, (_, number) => server.target(number));
  const standing = fresh.map((target) => ({ ...target, standing: true }));
  bench.pusher.tell({ ask: 'stand', targets: standing });
  await bench.pusher.next('standing');
  // One of each that does not count: a warm start, and the processes, which it costs to count.
  await pushOurs(standing, receive);
  await pushOurs(fresh, receive);
  const { processes } = await pushStock(true);
  const all: Record<'ours' | 'fresh' | 'peer', Figures[]> = { ours: [], fresh: [], peer: [] };
  for (let run = 1; run <= runs; run += 1) {
    const a = await pushOurs(standing, receive);
    const b = await pushOurs(fresh, receive);
    const c = { ...(await pushStock(false)), processes };
    all.ours.push(a);
    all.fresh.push(b);
    all.peer.push(c);
    note(
      `${name}, run ${run}: standing ${inWords(a)}; fresh ${inWords(b)}; ` +
        `runmirrors ${inWords(c)}, ${processes} processes`,
    );
  }
  const [ours, afresh, peer] = [middle(all.ours), middle(all.fresh), middle(all.peer)];
  return {
    ours: rounded({ ...ours }),
    peer: rounded({ ...peer }),
    ratio: ratioOf(peer, ours),
    fresh: { ours: rounded({ ...afresh }), ratio: ratioOf(peer, afresh) },
  };

  async function pushStock(countProcesses: boolean): Promise<Figures> {
    const received = receive(mirrors);
    const { startedAt, ended } = await stock.push({ countProcesses });
    const lastAt = await received;
    const { cpuMs, peakProcesses } = await ended;
    return { wall: (lastAt - startedAt) / 1000, cpu: cpuMs / 1000, processes: peakProcesses };
  }
}

async function pushOurs(targets: PushTarget[], receive: Receive): Promise<Figures> {
  const received = receive(targets.length);
  bench.pusher.tell({ ask: 'push', targets });
  const { startedAt, cpuMs } = await bench.pusher.next('pushed');
  return { wall: ((await received) - startedAt) / 1000, cpu: cpuMs / 1000, processes: 1 };
}

function middle(all: Figures[]): Figures {
  return {
    wall: median(all.map(({ wall }) => wall)),
    cpu: median(all.map(({ cpu }) => cpu)),
    processes: median(all.map(({ processes }) => processes)),
  };
}

function ratioOf(them: Figures, us: Figures): Record<keyof Figures, number> {
  return rounded({
    wall: them.wall / us.wall,
    cpu: them.cpu / us.cpu,
    processes: them.processes / us.processes,
  });
}

function inWords({ wall, cpu }: Figures): string {
  return `${wall.toFixed(2)} s, ${cpu.toFixed(2)} s of processor time`;
}
