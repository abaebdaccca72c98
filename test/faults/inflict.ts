import { watch } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { within } from '@pushmirror/host';
import type { Service } from '../harness/service.ts';
import type { ProxyMode } from '../harness/tcp-proxy.ts';
import { ARCHIVE, type Cast } from './cast.ts';
import type { History } from './history.ts';
import type { Kill, Trouble } from './schedule.ts';
import { noteTree } from './note-tree.ts';

/** Does to the network what the schedule says. */
export interface Inflict {
  /** Kill and start again, in its own time; a second kill of the same one waits for the first. */
  kill(kill: Kill): void;
  cut(mirror: string, trouble: Trouble): Promise<void>;
  mend(mirror: string): Promise<void>;
  /** Resolves when nobody is down because of a kill. */
  killsDone(): Promise<void>;
  /** Open every door, and start all that are down. */
  heal(): Promise<void>;
}

const STARTS = 5;
const COMMIT_WITHIN_MS = 5_000;

export function createInflict(cast: Cast, history: History, signal: AbortSignal): Inflict {
  const turns = new Map<string, Promise<void>>();
  const failures: unknown[] = [];

  /** What is done to one service comes one after the other. */
  function inTurn(who: string, work: () => Promise<void>): Promise<void> {
    const mine = (turns.get(who) ?? Promise.resolve()).then(() => {
      if (!signal.aborted) return work();
      return undefined;
    });
    const settled = mine.catch((error: unknown) => void failures.push(error));
    turns.set(who, settled);
    return settled;
  }

  async function start(who: string): Promise<void> {
    const service = cast.service(who);
    if (service.running()) return;
    history.note('start', { who });
    await startPatiently(service, signal);
    history.note('started', { who });
  }

  async function kill9(who: string): Promise<void> {
    const service = cast.service(who);
    if (!service.running()) return;
    history.note('kill', { who });
    await service.kill9();
    if (who !== 'master') await noteTree(cast.network.mirror(who), 'killed', history);
  }

  function setDoor(mirror: string, door: 'ssh' | 'rsync', mode: ProxyMode): void {
    history.note('door', { mirror, door, mode });
    cast.doors.get(mirror)?.[door].setMode(mode);
  }

  async function open(mirror: string): Promise<void> {
    setDoor(mirror, 'ssh', 'pass');
    setDoor(mirror, 'rsync', 'pass');
    await inTurn(mirror, () => start(mirror));
  }

  return {
    kill({ who, at, afterMs, downMs }) {
      void inTurn(who, async () => {
        if (at === 'commit') await publicHeadBegins(cast.network.tree(ARCHIVE), signal);
        else await delay(afterMs, undefined, { signal });
        await kill9(who);
        await delay(downMs, undefined, { signal });
        await start(who);
      });
    },
    async cut(mirror, trouble) {
      switch (trouble) {
        case 'stopped':
          return inTurn(mirror, async () => {
            history.note('stop', { who: mirror });
            await cast.service(mirror).stop();
          });
        case 'killed':
          return inTurn(mirror, () => kill9(mirror));
        case 'ssh reset':
          return setDoor(mirror, 'ssh', 'reset');
        case 'ssh silent':
          return setDoor(mirror, 'ssh', 'silent');
        case 'rsync reset':
          return setDoor(mirror, 'rsync', 'reset');
        case 'rsync silent':
          return setDoor(mirror, 'rsync', 'silent');
      }
    },
    mend: open,
    async killsDone() {
      await Promise.all(turns.values());
      if (failures.length > 0) throw failures[0];
    },
    async heal() {
      await Promise.all(turns.values());
      await Promise.all([...cast.doors.keys()].map(open));
      await Promise.all(cast.killed.map((who) => inTurn(who, () => start(who))));
      if (failures.length > 0) throw failures[0];
    },
  };
}

/** On a busy machine a start may take longer than the harness waits: that is not a fault. */
async function startPatiently(service: Service, signal: AbortSignal): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await service.start();
    } catch (error) {
      if (attempt === STARTS || signal.aborted || !service.running()) throw error;
      await service.kill9();
    }
  }
}

/** Right after a release is in the database the master writes its trace files, and then its head. */
async function publicHeadBegins(tree: string, signal: AbortSignal): Promise<void> {
  const late = within(COMMIT_WITHIN_MS, signal);
  try {
    for await (const _change of watch(join(tree, 'project/trace'), { signal: late })) return;
  } catch {
    signal.throwIfAborted(); // Else there was no commit in time, or there is no folder yet.
  }
}
