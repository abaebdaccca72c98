import { createHash } from 'node:crypto';
import type { AccessResponse, SshSource } from '@pushmirror/trigger/access';
import { sourcesAbove, type MasterFacts } from '../registry/operator-kit.ts';
import { MASTER } from '../registry/tree.ts';
import { compileAccess } from './compile.ts';
import { liveKeys } from './live-keys.ts';
import type { Policy } from './policy.ts';
import { secretInUse, sourcesOf, userOf } from './secrets.ts';

/** What of the master itself goes into its answers. */
export type MasterDoors = Pick<MasterFacts, 'pushKey' | 'rsyncUrl' | 'ssh'>;

/**
 * What a mirror is told: whom it lets in at its own rsync daemon and over SSH, the tree above it with
 * the keys of those that may push it, the accounts with which it pulls there, and who may sign.
 *
 * @param downstreams the digest of whom it is to push.
 */
export function accessAnswer(
  policy: Policy,
  mirror: string,
  master: MasterDoors,
  downstreams: string,
  at: Date,
): AccessResponse {
  const carried = policy.optIns.get(mirror) ?? [];
  const { modules, secrets, sshPullers } = compileAccess(policy, mirror, carried, at);
  const upstreams = sourcesOf(policy, mirror).flatMap((source) => {
    const account = secretInUse(policy, source, mirror);
    const url = source === MASTER ? master.rsyncUrl : urlOf(policy, source);
    if (account === undefined || url === undefined) return [];
    return [{ url, user: userOf(account), secret: account.secret }];
  });
  const sources = sourcesAbove({ name: mirror }, policy.mirrors, master).map((source) => {
    const beside = liveKeys(policy, 'push', source.name, at).filter((k) => k !== source.pushKey);
    const ssh = source.name === MASTER ? master.ssh : sshSourceOf(policy, source.name);
    return {
      ...source,
      ...(beside.length === 0 ? {} : { pushKeys: beside }),
      ...(ssh === undefined ? {} : { ssh }),
    };
  });
  const signers = [...policy.signers];
  const answer = { modules, secrets, sshPullers, upstreams, sources, signers, downstreams };
  return { digest: createHash('sha256').update(JSON.stringify(answer)).digest('hex'), ...answer };
}

function sshSourceOf(policy: Policy, mirror: string): SshSource | undefined {
  const found = policy.sshSources.find((one) => one.mirror === mirror);
  return found && { url: found.url, hostKey: found.host_key };
}

function urlOf(policy: Policy, mirror: string): string | undefined {
  const hub = policy.mirrors.find(({ name }) => name === mirror);
  if (hub === undefined) return undefined;
  const host = hub.ssh_host.includes(':') ? `[${hub.ssh_host}]` : hub.ssh_host;
  return hub.rsync_url ?? `rsync://${host}`;
}
