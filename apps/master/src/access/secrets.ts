import { randomBytes } from 'node:crypto';
import type { RsyncSecretRow } from '../db/access-schema.ts';
import { MASTER } from '../registry/tree.ts';
import type { Policy } from './policy.ts';

/** Two accounts of one mirror at one upstream, while the old secret is still accepted. */
export function userOf({ mirror, number }: Pick<RsyncSecretRow, 'mirror' | 'number'>): string {
  return `${mirror}_${number}`;
}

/** Those that an upstream accepts at a moment. */
export function liveSecrets(policy: Policy, upstream: string, at: Date): RsyncSecretRow[] {
  const now = at.toISOString();
  return policy.secrets.filter(
    (one) => one.upstream === upstream && (one.retires_at === null || one.retires_at > now),
  );
}

/** The one that a mirror is to use at an upstream. */
export function secretInUse(
  policy: Policy,
  upstream: string,
  mirror: string,
): RsyncSecretRow | undefined {
  return policy.secrets.find(
    (one) => one.upstream === upstream && one.mirror === mirror && one.retires_at === null,
  );
}

/** Where a mirror may pull from: its upstream, and that one's upstreams up to the master. */
export function sourcesOf(policy: Policy, mirror: string): string[] {
  return [...policy.tree.ancestors(mirror), MASTER];
}

/**
 * What is to be written so that every mirror has one secret at each place it may pull from, and
 * nothing is left that is accepted nowhere.
 */
export function missingSecrets(
  policy: Policy,
  at: Date,
): { make: RsyncSecretRow[]; forget: RsyncSecretRow[] } {
  const wanted = new Set<string>();
  const make: RsyncSecretRow[] = [];
  for (const { name: mirror } of policy.mirrors) {
    for (const upstream of sourcesOf(policy, mirror)) {
      wanted.add(`${upstream} ${mirror}`);
      if (secretInUse(policy, upstream, mirror) === undefined) {
        make.push(newSecret(policy.secrets, upstream, mirror, at));
      }
    }
  }
  const now = at.toISOString();
  const forget = policy.secrets.filter(
    ({ upstream, mirror, retires_at }) =>
      !wanted.has(`${upstream} ${mirror}`) || (retires_at !== null && retires_at <= now),
  );
  return { make, forget };
}

/** 256 random bits; the number is one that this mirror has not had there, as far as we know. */
export function newSecret(
  known: readonly RsyncSecretRow[],
  upstream: string,
  mirror: string,
  at: Date,
): RsyncSecretRow {
  const before = known
    .filter((one) => one.upstream === upstream && one.mirror === mirror)
    .map(({ number }) => number);
  return {
    upstream,
    mirror,
    number: Math.max(0, ...before) + 1,
    secret: randomBytes(32).toString('base64url'),
    made_at: at.toISOString(),
    retires_at: null,
  };
}
