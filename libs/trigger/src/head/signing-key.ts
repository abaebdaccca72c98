import { createPrivateKey, sign, verify, createPublicKey, type KeyObject } from 'node:crypto';
import { parsePublicKey, type PublicKey } from '@pushmirror/acl';
import { readSecret } from '@pushmirror/host';
import ssh2 from 'ssh2';
import { TriggerError } from '../errors.ts';

/** A private key that signs; the key itself stays inside. */
export interface SigningKey {
  publicKey: PublicKey;
  /** The raw 64 bytes of an ed25519 signature. */
  sign(data: Uint8Array): Buffer;
}

/**
 * Read the key that signs heads: an ed25519 key as `ssh-keygen -t ed25519 -N ''` writes it, in a
 * file that only its owner can read.
 *
 * @throws HostError `secret-missing`, `secret-unreadable` or `secret-exposed`.
 * @throws TriggerError `unusable-key`: encrypted, damaged, a public key, or of another type.
 */
export function readSigningKey(path: string): SigningKey {
  const parsed = parse(path, readSecret(path));
  if (!parsed.isPrivateKey()) throw unusable(path, 'it is not a private key');
  if (parsed.type !== 'ssh-ed25519') throw unusable(path, 'it is not an ed25519 key');
  const publicKey = parsePublicKey(`ssh-ed25519 ${parsed.getPublicSSH().toString('base64')}`);
  const privateKey = createPrivateKey(parsed.getPrivatePEM());
  if (!belongTogether(privateKey, parsed.getPublicPEM())) {
    throw unusable(path, 'its private and public halves do not belong together');
  }
  return { publicKey, sign: (data) => sign(null, data, privateKey) };
}

function parse(path: string, data: Buffer): Exclude<ReturnType<typeof ssh2.utils.parseKey>, Error> {
  let parsed: ReturnType<typeof ssh2.utils.parseKey>;
  try {
    parsed = ssh2.utils.parseKey(data);
  } catch (cause) {
    throw unusable(path, 'it is damaged', cause);
  }
  if (!(parsed instanceof Error)) return parsed;
  const encrypted = /encrypted|passphrase/i.test(parsed.message);
  const why = encrypted ? 'it is protected by a passphrase' : 'it is not an SSH private key';
  throw unusable(path, why, parsed);
}

/** A file put together from two keys would sign heads that nobody can verify. */
function belongTogether(privateKey: KeyObject, publicPem: string): boolean {
  const probe = Buffer.from('pushmirror');
  return verify(null, probe, createPublicKey(publicPem), sign(null, probe, privateKey));
}

function unusable(path: string, why: string, cause?: unknown): TriggerError {
  return new TriggerError(
    'unusable-key',
    `${path} cannot sign heads: ${why}. Make a key with: ssh-keygen -t ed25519 -N '' -f FILE`,
    cause === undefined ? {} : { cause },
  );
}
