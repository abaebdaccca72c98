import { fingerprint, sameKey, type PublicKey } from '@pushmirror/acl';
import ssh2 from 'ssh2';
import type { AuthContext, ParsedKey } from 'ssh2';

/** A key that may log in, and whose it is. */
export interface KnownKey {
  /** The peer's name. */
  name: string;
  key: PublicKey;
}

/** What to do with one authentication request. */
export type AuthVerdict =
  /** Proven: it signed with this key. */
  | { kind: 'proven'; peer: KnownKey }
  /** It asked whether this key would do; it would, if it also signs. */
  | { kind: 'offer' }
  | { kind: 'no'; reason: string; isUnknown?: true };

/**
 * Check a request: public keys only, only those we know, and never a SHA-1 signature. Every known
 * key is compared, so that the time taken does not tell which one was near.
 */
export function checkAuthentication(context: AuthContext, known: readonly KnownKey[]): AuthVerdict {
  if (context.method !== 'publickey') return { kind: 'no', reason: `asked by ${context.method}` };
  const { data } = context.key;
  const peer = known.filter(({ key }) => sameKey(key.blob, data))[0];
  if (peer === undefined) {
    return { kind: 'no', reason: `unknown key ${fingerprint(data)}`, isUnknown: true };
  }
  if (peer.key.type === 'ssh-rsa' && context.hashAlgo === undefined) {
    return { kind: 'no', reason: `RSA with SHA-1 by ${peer.name}` };
  }
  if (context.signature === undefined || context.blob === undefined) return { kind: 'offer' };
  const valid = parsed(peer.key).verify(context.blob, context.signature, context.hashAlgo);
  if (valid !== true) return { kind: 'no', reason: `wrong signature by ${peer.name}` };
  return { kind: 'proven', peer };
}

function parsed(key: PublicKey): ParsedKey {
  const found = ssh2.utils.parseKey(key.line);
  if (found instanceof Error) throw found;
  return found;
}
