import { fingerprint, parsePublicKey } from '@pushmirror/acl';
import { parseAllowedSigners } from '@pushmirror/trigger/head/allowed-signers';
import type { MirrorRow } from '../db/schema.ts';
import type { MasterFacts } from '../registry/operator-kit.ts';
import type { Policy } from './policy.ts';
import { userOf } from './secrets.ts';

/** A key or secret, never itself: what it is for, whose it is, and how to tell it from others. */
export interface KeyView {
  kind: 'signing' | 'push' | 'host' | 'rsync' | 'pull' | 'source';
  /** `master`, or a mirror. */
  owner: string;
  /** A fingerprint; of an rsync secret the user's name. */
  id: string;
  /** Of an rsync secret: the upstream that accepts it. */
  at: string | null;
  /** `held`: seen or asked for in the place of another; it counts once somebody confirms it. */
  state: 'current' | 'next' | 'old' | 'held';
  since: string | null;
  until: string | null;
}

/** Every key and secret that the network goes by. */
export function listKeys(
  policy: Policy,
  mirrors: readonly Pick<MirrorRow, 'name' | 'host_key' | 'push_key'>[],
  facts: Pick<MasterFacts, 'allowedSigners' | 'pushKey'>,
): KeyView[] {
  const always = { at: null, state: 'current', since: null, until: null } as const;
  const print = (line: string) => fingerprint(parsePublicKey(line).blob);
  const signers = parseAllowedSigners(facts.allowedSigners, 'allowed_signers');
  return [
    ...signers.map((signer): KeyView => {
      const since = signer.validAfter?.toISOString() ?? null;
      const until = signer.validBefore?.toISOString() ?? null;
      const id = fingerprint(signer.key.blob);
      return { kind: 'signing', owner: 'master', id, at: null, state: 'current', since, until };
    }),
    { kind: 'push', owner: 'master', id: print(facts.pushKey), ...always },
    ...mirrors.flatMap(({ name, host_key: host, push_key: push }): KeyView[] => [
      { kind: 'host', owner: name, id: print(host), ...always },
      ...(push === null
        ? []
        : [{ kind: 'push' as const, owner: name, id: print(push), ...always }]),
    ]),
    ...policy.secrets.map((one): KeyView => {
      const { mirror: owner, upstream: at, made_at: since, retires_at: until } = one;
      const state = until === null ? 'current' : 'old';
      return { kind: 'rsync', owner, id: userOf(one), at, state, since, until };
    }),
    ...policy.keys.map((one): KeyView => {
      const { kind, owner, public_key: key, state, since, until } = one;
      return { kind, owner, id: print(key), at: null, state, since, until };
    }),
    ...policy.sshSources.map(({ mirror, host_key: key }): KeyView => {
      return { ...always, kind: 'source', owner: mirror, id: print(key) };
    }),
  ];
}
