import { parseArgs } from 'node:util';

export interface Options {
  seed: number;
  publishes: number;
  leaves: number;
  minutes: number;
}

export const usage = `Usage: scripts/faults [--seed N] [--publishes 200] [--leaves 6] [--minutes 30]

Publishes again and again, all at once, switching together or canaries first, while the master and
two hubs are killed and a third of the mirrors flaps; then a reader of its own looks for anything lost. The same seed makes the same faults.
  --seed N       a number; without it, a random one, which is printed first
  --publishes N  so many releases
  --leaves N     so many mirrors below the two hubs
  --minutes N    begin no further publish after so long
The history and what it is judged by are left in artefacts/faults-SEED. Exit code 1: something was
violated, and is named.
`;

const LARGEST_SEED = 2 ** 31 - 1;

/** @throws Error with one sentence about what is wrong with an argument. */
export function parseOptions(args: readonly string[], random: () => number): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string' },
      publishes: { type: 'string', default: '200' },
      leaves: { type: 'string', default: '6' },
      minutes: { type: 'string', default: '30' },
    },
  });
  return {
    seed: whole('seed', values.seed ?? String(1 + Math.floor(random() * 1_000_000)), LARGEST_SEED),
    publishes: whole('publishes', values.publishes, 10_000, 2),
    leaves: whole('leaves', values.leaves, 50, 2),
    minutes: whole('minutes', values.minutes, 24 * 60),
  };
}

function whole(name: string, text: string, most: number, least = 1): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new Error(`--${name} ${text}: expected a whole number from ${least} to ${most}.`);
}
