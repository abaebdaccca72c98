import type { Request, Rule } from '@pushmirror/acl';
import { listAccessRules, listAccessViews } from '../db/access-rules.ts';
import type { RsyncSecretRow } from '../db/access-schema.ts';
import { listArchives } from '../db/archives.ts';
import { listMirrors } from '../db/mirrors.ts';
import type { DbOrTrx } from '../db/open.ts';
import type { MirrorRow } from '../db/schema.ts';
import { listOptIns } from '../db/opt-ins.ts';
import { listRsyncSecrets } from '../db/rsync-secrets.ts';
import type { NetworkKeyRow, SshSourceRow } from '../db/network-key-schema.ts';
import { listNetworkKeys, listSshSources } from '../db/network-keys.ts';
import { listSignersTexts } from '../db/signers-texts.ts';
import { MASTER, treeOf, type Tree } from '../registry/tree.ts';
import { registryRules } from './registry-rules.ts';
import { ruleOf, textOfRow, viewOfRow, type RuleText, type ViewText } from './rule-text.ts';

/** A mirror, as far as rights go. */
export interface Subject {
  name: string;
  state: MirrorRow['state'];
  upstream: string | null;
  kind: 'agent' | 'ftpsync';
  push_key: string | null;
  ssh_host: string;
  rsync_url: string | null;
}

/** All that decides who may do what, as it stands at one moment. */
export interface Policy {
  network: string;
  archives: readonly { name: string; path: string }[];
  mirrors: readonly Subject[];
  optIns: ReadonlyMap<string, readonly string[]>;
  tree: Tree;
  /** What administrators have added. */
  added: readonly RuleText[];
  views: readonly ViewText[];
  /** What decides: the registry's rules and those that were added. */
  rules: readonly Rule[];
  secrets: readonly RsyncSecretRow[];
  /** Keys beside those of the registry. */
  keys: readonly NetworkKeyRow[];
  /** Where mirrors let others pull over SSH. */
  sshSources: readonly SshSourceRow[];
  /** The texts on who may sign, oldest first. */
  signers: readonly string[];
}

/** The parts from which the rest follows. */
export type PolicyParts = Omit<Policy, 'tree' | 'rules'>;

export async function readPolicy(db: DbOrTrx, network: string): Promise<Policy> {
  const archives = await listArchives(db);
  const mirrors = await listMirrors(db);
  const optIns = new Map<string, string[]>();
  for (const { mirror, archive } of await listOptIns(db)) {
    optIns.set(mirror, [...(optIns.get(mirror) ?? []), archive]);
  }
  return policyOf({
    network,
    archives: archives.map(({ name, path }) => ({ name, path })),
    mirrors: mirrors.map(({ name, state, upstream, kind, push_key, ssh_host, rsync_url }) => {
      return { name, state, upstream, kind, push_key, ssh_host, rsync_url };
    }),
    optIns,
    added: (await listAccessRules(db)).map(textOfRow),
    views: (await listAccessViews(db)).map(viewOfRow),
    secrets: await listRsyncSecrets(db),
    keys: await listNetworkKeys(db),
    sshSources: await listSshSources(db),
    signers: (await listSignersTexts(db)).map(({ text }) => text),
  });
}

export function policyOf(parts: PolicyParts): Policy {
  const rules = [...registryRules(parts), ...parts.added.map(ruleOf)];
  return { ...parts, tree: treeOf(parts.mirrors), rules };
}

/**
 * Who a mirror is in a request; undefined is somebody whom nobody knows.
 *
 * @param key the fingerprint of the key that it comes with, where it comes with one.
 */
export function whoIs(policy: Policy, mirror: string | undefined, key?: string): Request['who'] {
  const known = policy.mirrors.find(({ name }) => name === mirror);
  const withKey = key === undefined ? {} : { key };
  if (known === undefined) return mirror === undefined ? withKey : { mirror, ...withKey };
  return {
    ...withKey,
    mirror: known.name,
    network: policy.network,
    roles: ['mirror', known.push_key === null ? 'leaf' : 'hub'],
    tier: policy.tree.tier(known.name),
  };
}

/** The rules that can speak of a mirror (or of a stranger): far fewer than there are. */
export function rulesAbout(policy: Policy, mirror: string | undefined): Rule[] {
  const index = INDEX.get(policy) ?? indexed(policy);
  const general = index.get(undefined) ?? [];
  return mirror === undefined ? general : [...general, ...(index.get(mirror) ?? [])];
}

/** Who pulls from a place: every mirror from the master, from a hub the mirrors below it. */
export function pullersAt(policy: Policy, place: string): string[] {
  const names = policy.mirrors.map(({ name }) => name);
  if (place === MASTER) return names;
  return names.filter((name) => policy.tree.ancestors(name).includes(place));
}

const INDEX = new WeakMap<Policy, Map<string | undefined, Rule[]>>();

function indexed(policy: Policy): Map<string | undefined, Rule[]> {
  const index = new Map<string | undefined, Rule[]>();
  for (const rule of policy.rules) {
    const list = index.get(rule.who.mirror);
    if (list === undefined) index.set(rule.who.mirror, [rule]);
    else list.push(rule);
  }
  INDEX.set(policy, index);
  return index;
}
