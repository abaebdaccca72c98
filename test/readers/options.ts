import { parseArgs } from 'node:util';

export interface Options {
  seed: number;
  publishes: number;
  packages: number;
  minutes: number;
  calm: boolean;
}

export const usage = `Usage: scripts/readers [--seed N] [--publishes 100] [--minutes 30] [--packages 40] [--calm]

Publishes a real Debian archive again and again, while the real apt and a tight loop read our leaf
and a stock ftpsync mirror of the same master, and both are killed at random; then counts what
readers got that was not what the Release file said.
  --seed N       a number; without it, a random one, which is printed first
  --publishes N  so many releases
  --minutes N    begin no further publish after so long
  --packages N   in the archive
  --calm         change the archive only when both mirrors have the release before; without it the
                 archive changes while they copy it
The histories are left in artefacts/readers-SEED. Exit code 1: our leaf's readers saw what they
must not see, and it is named.
`;

const LARGEST_SEED = 2 ** 31 - 1;

/** @throws Error with one sentence about what is wrong with an argument. */
export function parseOptions(args: readonly string[], random: () => number): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: 'string' },
      publishes: { type: 'string', default: '100' },
      packages: { type: 'string', default: '40' },
      minutes: { type: 'string', default: '30' },
      calm: { type: 'boolean', default: false },
    },
  });
  return {
    seed: whole('seed', values.seed ?? String(1 + Math.floor(random() * 1_000_000)), LARGEST_SEED),
    publishes: whole('publishes', values.publishes, 10_000),
    packages: whole('packages', values.packages, 10_000),
    minutes: whole('minutes', values.minutes, 24 * 60),
    calm: values.calm,
  };
}

function whole(name: string, text: string, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= 1 && value <= most) return value;
  throw new Error(`--${name} ${text}: expected a whole number from 1 to ${most}.`);
}
