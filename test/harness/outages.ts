import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { serialOf } from './forge.ts';
import { endLeftovers, endWithDescendants } from './leftovers.ts';
import type { MixedNetwork } from './mixed-network.ts';
import type { Service } from './service.ts';
import { waitFor } from './wait.ts';

/** Hosts that lose their power and come back, and how soon after that all show the newest release. */
export interface Outages {
  /** Nothing of the host goes on, and nothing is put in order. */
  lose(host: string): Promise<void>;
  /** The same in the midst of the sync to a release that has been published. */
  loseWhileSyncing(host: string, serial: number): Promise<void>;
  /**
   * All that runs there starts, as at boot; `deaf`: but its sshd, so that nobody can push it.
   *
   * @returns when the first of it was started, in milliseconds since 1970
   */
  start(host: string, how?: 'deaf'): Promise<number>;
  /** Every sshd there is, closed or open. */
  doors(state: 'closed' | 'open'): Promise<void>;
  /** When each mirror first showed a release or a newer one, in seconds after `since`; the last one is the last. */
  shown(serial: number, since: number): Promise<Map<string, number>>;
}

const WAIT_MS = 180_000;

export function createOutages(all: MixedNetwork): Outages {
  const servicesOf = (host: string) => all.services.get(host) ?? [];
  const folderOf = (host: string) => join(all.network.folder, host);

  async function lose(host: string): Promise<void> {
    for (const service of servicesOf(host)) await end(service);
    endLeftovers(folderOf(host));
  }

  async function end(service: Service): Promise<void> {
    const pid = service.pid();
    if (pid !== undefined) endWithDescendants(pid);
    await service.kill9();
  }

  return {
    lose,
    async loseWhileSyncing(host, serial) {
      const tree = all.mirrors.find(({ name }) => name === host)?.tree;
      // The master is at work from its answer on.
      if (tree !== undefined) {
        const mark = join(tree, `Archive-Update-in-Progress-${host}`);
        await waitFor(async () => existsSync(mark) || (await serialOf(tree)) === serial, {
          deadlineMs: WAIT_MS,
          everyMs: 2,
          describe: () => `${host} syncs to ${serial}\n${all.lastLines(25)}`,
        });
      }
      await lose(host);
    },
    async start(host, how) {
      const since = Date.now();
      for (const service of servicesOf(host))
        if (!service.running() && (how !== 'deaf' || service.name !== 'sshd'))
          await service.start();
      return since;
    },
    async doors(state) {
      for (const service of [...all.services.values()].flat())
        if (service.name === 'sshd' && service.running() !== (state === 'open'))
          await (state === 'open' ? service.start() : end(service));
    },
    async shown(serial, since) {
      const seen = new Map<string, number>();
      await waitFor(
        async () => {
          for (const { name, tree } of all.mirrors)
            if (!seen.has(name) && ((await serialOf(tree)) ?? 0) >= serial)
              seen.set(name, (Date.now() - since) / 1000);
          return seen.size === all.mirrors.length;
        },
        {
          deadlineMs: WAIT_MS,
          everyMs: 50,
          describe: () => `all show ${serial}: ${JSON.stringify([...seen])}\n${all.lastLines(40)}`,
        },
      );
      return seen;
    },
  };
}
