import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ARCHIVE, createCast, type Cast } from './cast.ts';
import { createClient } from './client.ts';
import { collect } from './collect.ts';
import { createContent } from './content.ts';
import { createHistory, type History } from './history.ts';
import { createInflict } from './inflict.ts';
import { noteTree } from './note-tree.ts';
import { planFaults } from './schedule.ts';

export interface FaultRunOptions {
  seed: number;
  publishes: number;
  leaves: number;
  /** No further publish begins after so long, in milliseconds. */
  longestMs: number;
  /** Where history, database, states and trees are left for the reader; made anew. */
  folder: string;
  say: (line: string) => void;
  signal: AbortSignal;
}

/** After the last restart all pushes must be done within a minute; then it is of no use to wait. */
const SETTLE_MS = 65_000;
const SAY_EVERY = 10;

/**
 * Publish again and again while the master and the hubs are killed and a third of the mirrors
 * flaps; heal all; wait until it settles; leave what is to be judged in the folder.
 */
export async function runFaults(options: FaultRunOptions): Promise<void> {
  const { seed, publishes, leaves, folder, say, signal } = options;
  const history = createHistory(join(folder, 'history.ndjson'));
  say(
    `Seed ${seed}: ${publishes} publishes, two hubs and ${leaves} leaves. History: ${history.path}`,
  );
  const cast = await createCast(leaves, signal);
  try {
    const { network, killed, flapping } = cast;
    const mirrors = network.mirrors.map(({ name }) => ({
      name,
      upstream: network.upstreamOf(name)?.name ?? 'master',
    }));
    history.note('run', { seed, publishes, archive: ARCHIVE, mirrors, killed, flapping });
    await network.start();
    await publishThroughFaults(cast, history, options);
    await settle(cast, history, options);
    await Promise.all(network.mirrors.map((mirror) => noteTree(mirror, 'end', history)));
    const services = [...network.mirrors, network.master].map(({ service }) => service);
    await Promise.all(services.map((service) => service.stop()));
    await collect(network, ARCHIVE, folder);
    history.note('end');
  } finally {
    await cast.close();
  }
}

async function publishThroughFaults(
  cast: Cast,
  history: History,
  { seed, publishes, longestMs, say, signal }: FaultRunOptions,
): Promise<void> {
  const { network, killed, flapping } = cast;
  const inflict = createInflict(cast, history, signal);
  const canary = network.hubs[0]!.name;
  let isHalted = false;
  const client = await createClient(network.master, canary, history, signal);
  const content = createContent(network.tree(ARCHIVE), join(network.folder, 'work'), seed);
  const endAt = performance.now() + longestMs;
  for (const step of planFaults({ seed, publishes, killed, flapping })) {
    if (performance.now() > endAt) {
      say(`The time is up: ${step.number - 1} of ${publishes} publishes were made.`);
      break;
    }
    await delay(step.pauseMs, undefined, { signal });
    // A mirror that starts takes its time; the publishes do not wait for it.
    for (const mirror of step.mend) void inflict.mend(mirror);
    for (const { mirror, trouble } of step.cut) void inflict.cut(mirror, trouble);
    history.note('content', { number: step.number, files: await content.build(step.number) });
    // Of those that were halted, a newer release takes over from every other one.
    if (isHalted && step.number % 2 === 0) await client.resume();
    if (step.manner !== undefined) await client.setManner(step.manner);
    for (const kill of step.kills) inflict.kill(kill);
    const serial = await client.publish(step.number, step.client);
    if (step.isHalted) await client.halt();
    isHalted = step.isHalted;
    await Promise.all(network.mirrors.map((mirror) => noteTree(mirror, 'between', history)));
    if (step.number % SAY_EVERY === 0) say(`${step.number} of ${publishes}: serial ${serial}.`);
  }
  await inflict.heal();
  if (isHalted) await client.resume();
  history.note('healed');
  say('All run again. Waiting until every push is done ...');
}

async function settle(
  cast: Cast,
  history: History,
  { say, signal }: FaultRunOptions,
): Promise<void> {
  const { master } = cast.network;
  const started = performance.now();
  for (;;) {
    const open = await openPushes(master, signal);
    const seconds = Math.round((performance.now() - started) / 100) / 10;
    if (open === 0 || performance.now() - started > SETTLE_MS) {
      history.note('settled', { open, seconds });
      return say(
        open === 0 ? `Every push is done after ${seconds} s.` : `${open} pushes are open.`,
      );
    }
    await delay(200, undefined, { signal });
  }
}

/** Of the newest releases; the reader looks at all. */
async function openPushes(master: Cast['network']['master'], signal: AbortSignal): Promise<number> {
  signal.throwIfAborted();
  type Rollouts = { rollouts: { mirrors: { open: number } }[] };
  const path = `/v1/rollouts?archive=${ARCHIVE}&limit=200`;
  const { rollouts } = await master.api<Rollouts>(path);
  return rollouts.reduce((sum, { mirrors }) => sum + mirrors.open, 0);
}
