import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Service } from '../harness/service.ts';
import type { History } from './history.ts';
import type { Kill, Victim } from './schedule.ts';
import type { StockMirror } from './stock-mirror.ts';

export interface Victims {
  leaf: { service: Service; tree: string };
  hub: { service: Service; tree: string };
  ftpsync: StockMirror | undefined;
}

export interface Kills {
  /** Kill and start again, in its own time; kills of one victim come one after the other. */
  plan(kill: Kill): void;
  /** Resolves when all that was planned has happened, and all run again. */
  done(): Promise<void>;
}

const LOOK_MS = 1;
/** A release that brings no move in this time is not killed in one. */
const MOVE_WITHIN_MS = 4_000;

export function createKills(victims: Victims, history: History, signal: AbortSignal): Kills {
  const turns = new Map<Victim, Promise<void>>();

  async function kill({ who, at, afterMs, downMs }: Kill): Promise<void> {
    if (at === 'move') await untilItMoves(who);
    await delay(afterMs, undefined, { signal });
    if (!(await end(who))) return;
    history.note('kill', { who, at });
    await delay(downMs, undefined, { signal });
    await start(who);
    history.note('started', { who });
  }

  /** @returns whether there was anything to kill. */
  async function end(who: Victim): Promise<boolean> {
    if (who === 'ftpsync') return (await victims.ftpsync?.kill9()) ?? false;
    if (!victims[who].service.running()) return false;
    await victims[who].service.kill9();
    return true;
  }

  async function start(who: Victim): Promise<void> {
    if (who === 'ftpsync') victims.ftpsync?.push();
    else await victims[who].service.start();
  }

  async function untilItMoves(who: Victim): Promise<void> {
    const mark =
      who === 'ftpsync'
        ? // rsync's --delay-updates gathers here what it renames in a row at the end of stage 2.
          join(victims.ftpsync?.tree ?? '', 'dists/trixie/.~tmp~')
        : join(victims[who].tree, 'project/pushmirror/changing');
    const end = performance.now() + MOVE_WITHIN_MS;
    while (!existsSync(mark) && performance.now() < end) {
      await delay(LOOK_MS, undefined, { signal });
    }
  }

  return {
    plan(one) {
      const before = turns.get(one.who) ?? Promise.resolve();
      const mine = before.then(() => kill(one));
      mine.catch(() => {}); // It is told of in `done`.
      turns.set(one.who, mine);
    },
    done: async () => void (await Promise.all(turns.values())),
  };
}
