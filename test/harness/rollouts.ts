import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'smol-toml';
import type { Master, PushView } from './master.ts';
import { serialOf } from './forge.ts';
import type { Network } from './network.ts';
import { waitFor } from './wait.ts';

/** A rollout as the master's API tells it. */
export interface RolloutView {
  serial: number;
  wave: number;
  phase: string;
  publicAt: string | null;
  held: { reason: string | null } | null;
  pushes: (PushView & { wave: number; leftBehindAt: string | null; observedAt: string | null })[];
}

export function rolloutOf(master: Master, serial: number): Promise<RolloutView> {
  return master.api<RolloutView>(`/v1/rollouts/debian/${serial}`);
}

/** Wait until a rollout is as wanted; resolves with it. */
export function rolloutUntil(
  network: Network,
  serial: number,
  what: string,
  wanted: (now: RolloutView) => boolean,
): Promise<RolloutView> {
  const { master } = network;
  return waitFor(
    async () => {
      const now = await rolloutOf(master, serial);
      return wanted(now) ? now : undefined;
    },
    {
      deadlineMs: 60_000,
      describe: async () => {
        const now = JSON.stringify(await rolloutOf(master, serial));
        return `${what}; it is ${now}\n${network.lastLines(12)}`;
      },
    },
  );
}

/** Set the policy of the archive `debian`, as a release manager would: by a file. */
export async function setPolicy(network: Network, policy: object): Promise<void> {
  const file = join(network.folder, 'rollout-policy.toml');
  await writeFile(file, stringify(policy));
  const { code, stderr } = await network.master.command(
    'archive',
    'set',
    'debian',
    '--policy',
    file,
  );
  if (code !== 0) throw new Error(stderr);
}

/** The serial that each mirror shows to its readers, by name. */
export async function servedSerials(network: Network): Promise<Record<string, number | undefined>> {
  const all = network.mirrors.map(async (mirror) => {
    return [mirror.name, await serialOf(mirror.tree('debian'))] as const;
  });
  return Object.fromEntries(await Promise.all(all));
}
