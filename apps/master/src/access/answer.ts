import { createHash } from 'node:crypto';
import type { AccessResponse } from '@pushmirror/trigger/access';
import { sourcesAbove, type MasterFacts } from '../registry/operator-kit.ts';
import { MASTER } from '../registry/tree.ts';
import { compileAccess } from './compile.ts';
import type { Policy } from './policy.ts';
import { secretInUse, sourcesOf, userOf } from './secrets.ts';

/**
 * What a mirror is told: whom its own rsync daemon lets in, where it pulls from (its upstream and
 * the fallbacks behind that) and with which accounts, and who may push it.
 *
 * @param downstreams the digest of whom it is to push.
 */
export function accessAnswer(
  policy: Policy,
  mirror: string,
  master: Pick<MasterFacts, 'pushKey' | 'rsyncUrl'>,
  downstreams: string,
  at: Date,
): AccessResponse {
  const { modules, secrets } = compileAccess(policy, mirror, policy.optIns.get(mirror) ?? [], at);
  const upstreams = sourcesOf(policy, mirror).flatMap((source) => {
    const account = secretInUse(policy, source, mirror);
    const url = source === MASTER ? master.rsyncUrl : urlOf(policy, source);
    if (account === undefined || url === undefined) return [];
    return [{ url, user: userOf(account), secret: account.secret }];
  });
  const sources = sourcesAbove({ name: mirror }, policy.mirrors, master);
  const answer = { modules, secrets, upstreams, sources, downstreams };
  return { digest: createHash('sha256').update(JSON.stringify(answer)).digest('hex'), ...answer };
}

function urlOf(policy: Policy, mirror: string): string | undefined {
  const hub = policy.mirrors.find(({ name }) => name === mirror);
  if (hub === undefined) return undefined;
  const host = hub.ssh_host.includes(':') ? `[${hub.ssh_host}]` : hub.ssh_host;
  return hub.rsync_url ?? `rsync://${host}`;
}
