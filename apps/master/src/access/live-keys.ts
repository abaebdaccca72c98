import type { NetworkKeyRow } from '../db/network-key-schema.ts';
import type { Policy } from './policy.ts';

/** The keys of one kind that are accepted of somebody at a moment; held ones never are. */
export function liveKeys(
  policy: Pick<Policy, 'keys'>,
  kind: NetworkKeyRow['kind'],
  owner: string,
  at: Date,
): string[] {
  const now = at.toISOString();
  return policy.keys
    .filter((one) => one.kind === kind && one.owner === owner && one.state !== 'held')
    .filter(({ until }) => until === null || until > now)
    .map(({ public_key: key }) => key);
}
