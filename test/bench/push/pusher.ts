/**
 * The pushing side in a process of its own: what master and hubs push with, so that its processor
 * time and memory can be told from the mirrors'. States are kept in memory.
 *
 * Arguments: the private key's file. Speaks the messages of messages.ts.
 */
import { createFanOut, createSsh2Sender, type PushTarget } from '@pushmirror/trigger';
import type { FromPusher, PushRun, ToPusher } from './messages.ts';

const [privateKeyPath = ''] = process.argv.slice(2);
const COMMAND = `sync:archive:debian sync:all sync:token:${'A'.repeat(900)}`;
const sender = createSsh2Sender({
  privateKeyPath,
  standing: { cap: 10_000, spreadMs: 0, openAtOnce: 16 },
});

process.on('disconnect', () => process.exit());
process.on('message', (message: ToPusher) => {
  void answer(message).then((reply) => process.send?.(reply));
});
process.send?.({ say: 'ready' } satisfies FromPusher);

function answer(message: ToPusher): Promise<FromPusher> {
  switch (message.ask) {
    case 'push':
      return push(message);
    case 'stand':
      return stand(message.targets);
    case 'memory':
      globalThis.gc?.();
      return Promise.resolve({ say: 'memory', bytes: process.memoryUsage().rss });
  }
}

async function push({ targets, waitFor }: PushRun): Promise<FromPusher> {
  const states = new Map<string, string>();
  const awaited = new Set(waitFor ?? targets.map(({ mirror }) => mirror));
  const acceptedAfter: number[] = [];
  const cpuBefore = process.cpuUsage();
  const startedAt = Date.now();
  const started = performance.now();
  let finish = () => {};
  const finished = new Promise<void>((resolve) => (finish = resolve));
  const fanOut = createFanOut({
    sender,
    onState({ key }, { state }) {
      states.set(key, state);
      if (state === 'accepted' && awaited.delete(key)) {
        acceptedAfter.push(performance.now() - started);
        if (awaited.size === 0) finish();
      }
      return Promise.resolve();
    },
  });
  for (const target of targets) {
    fanOut.push({ key: target.mirror, target, command: COMMAND, attempts: 0 });
  }
  await finished;
  const finishedAt = Date.now();
  const cpu = process.cpuUsage(cpuBefore);
  await fanOut.close();
  return {
    say: 'pushed',
    startedAt,
    finishedAt,
    cpuMs: (cpu.user + cpu.system) / 1000,
    acceptedAfter,
    states: tally(states.values()),
  };
}

async function stand(targets: PushTarget[]): Promise<FromPusher> {
  const started = performance.now();
  sender.stand(targets);
  while (sender.standing().open < targets.length) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { say: 'standing', seconds: (performance.now() - started) / 1000 };
}

function tally(states: Iterable<string>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const state of states) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}
