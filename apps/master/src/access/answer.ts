import { createHash } from 'node:crypto';
import type { AccessResponse } from '@pushmirror/trigger/access';
import { MASTER } from '../registry/tree.ts';
import { compileAccess } from './compile.ts';
import type { Policy } from './policy.ts';
import { secretInUse, sourcesOf, userOf } from './secrets.ts';

/**
 * What a mirror is told: whom its own rsync daemon lets in, and the accounts with which it pulls
 * from its upstream and from the fallbacks behind that.
 *
 * @param masterUrl `rsync://HOST[:PORT]` of the master.
 * @param downstreams the digest of whom it is to push.
 */
export function accessAnswer(
  policy: Policy,
  mirror: string,
  masterUrl: string,
  downstreams: string,
  at: Date,
): AccessResponse {
  const { modules, secrets } = compileAccess(policy, mirror, policy.optIns.get(mirror) ?? [], at);
  const upstreams = sourcesOf(policy, mirror).flatMap((source) => {
    const account = secretInUse(policy, source, mirror);
    const url = source === MASTER ? masterUrl : urlOf(policy, source);
    if (account === undefined || url === undefined) return [];
    return [{ url, user: userOf(account), secret: account.secret }];
  });
  const answer = { modules, secrets, upstreams, downstreams };
  return { digest: createHash('sha256').update(JSON.stringify(answer)).digest('hex'), ...answer };
}

function urlOf(policy: Policy, mirror: string): string | undefined {
  const hub = policy.mirrors.find(({ name }) => name === mirror);
  if (hub === undefined) return undefined;
  const host = hub.ssh_host.includes(':') ? `[${hub.ssh_host}]` : hub.ssh_host;
  return hub.rsync_url ?? `rsync://${host}`;
}
