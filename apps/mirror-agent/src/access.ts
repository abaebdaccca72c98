import { decide, type Rule } from '@pushmirror/acl';
import type { Peer } from '@pushmirror/trigger';
import type { AgentConfig } from './config.ts';

/** The rules that a configuration's peers stand for: each may notify of its archives, no others. */
export function compileRules(peers: AgentConfig['peer']): Rule[] {
  return peers.flatMap(({ name, from, archives }) => {
    const rule: Rule = {
      id: `peer:${name}`,
      effect: 'allow',
      who: { mirror: name },
      action: 'trigger',
      ...(from.length === 0 ? {} : { from }),
    };
    if (archives === undefined) return [rule];
    return archives.map((archive) => ({ ...rule, id: `peer:${name}:${archive}`, archive }));
  });
}

/** Whether a peer, whose key the SSH server has checked, may notify this mirror of an archive. */
export function mayNotify(
  rules: readonly Rule[],
  peer: Peer,
  archive: string,
  at: Date,
): { allowed: boolean; reason: string } {
  const { mirror, key, from } = peer;
  const { allowed, reason } = decide(rules, {
    who: { ...(mirror === undefined ? {} : { mirror }), ...(key === undefined ? {} : { key }) },
    action: 'trigger',
    archive,
    ...(from === undefined ? {} : { from }),
    at,
  });
  return { allowed, reason };
}
