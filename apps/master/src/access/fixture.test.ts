import { policyOf, type Policy, type PolicyParts } from './policy.ts';
import { accessText, type AccessText } from './rule-text.ts';
import { missingSecrets } from './secrets.ts';

export const AT = new Date('2026-11-21T09:00:00Z');

/** hub1 below the master, leaf1 and leaf2 below hub1; all carry debian, hub1 and leaf2 ubuntu too. */
export function somePolicy(
  text: Partial<AccessText> = {},
  parts: Partial<PolicyParts> = {},
): Policy {
  const mirror = (name: string, upstream: string | null, isHub = false) => ({
    name,
    upstream,
    state: 'active' as const,
    kind: 'agent' as const,
    push_key: isHub ? 'ssh-ed25519 AAAA' : null,
    ssh_host: `${name}.example.org`,
    rsync_url: null,
  });
  const { rule: added, view: views } = accessText.parse(text);
  const given: PolicyParts = {
    network: 'example',
    archives: ['debian', 'ubuntu'].map((name) => ({ name, path: `/srv/${name}` })),
    mirrors: [mirror('hub1', null, true), mirror('leaf1', 'hub1'), mirror('leaf2', 'hub1')],
    optIns: new Map([
      ['hub1', ['debian', 'ubuntu']],
      ['leaf1', ['debian']],
      ['leaf2', ['debian', 'ubuntu']],
    ]),
    added,
    views,
    secrets: [],
    keys: [],
    sshSources: [],
    signers: [],
    ...parts,
  };
  const policy = policyOf(given);
  return policyOf({ ...given, secrets: [...given.secrets, ...missingSecrets(policy, AT).make] });
}

/** The rule that restricts debian to its mirrors. */
export const RESTRICTED = {
  id: 'debian-restricted',
  effect: 'deny',
  action: 'pull',
  archive: 'debian',
} as const;
