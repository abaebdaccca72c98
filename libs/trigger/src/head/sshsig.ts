import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';
import { parsePublicKey } from '@pushmirror/acl';
import { WireReader } from '@pushmirror/acl/wire-reader';
import type { SigningKey } from './signing-key.ts';
import {
  decodeSignature,
  encodeSignature,
  malformed,
  signedData,
  wireString,
  type SignatureHash,
} from './sshsig-blob.ts';

const ED25519 = 'ssh-ed25519';

/**
 * Sign a message as `ssh-keygen -Y sign -n NAMESPACE` does: SSHSIG, ed25519, sha512
 * (OpenSSH's PROTOCOL.sshsig).
 *
 * @returns the armour, ended by LF.
 */
export function signMessage(message: Uint8Array, key: SigningKey, namespace: string): string {
  const hash = 'sha512';
  const raw = key.sign(signedData(namespace, hash, digestOf(message, hash)));
  const signature = Buffer.concat([wireString(ED25519), wireString(raw)]);
  return encodeSignature({ key: key.publicKey.blob, namespace, hash, signature });
}

/**
 * Check that `armour` is a signature over `message` for `namespace`, by the key named inside it.
 * Whether that key may sign anything is for allowed_signers to say (`findSigner`).
 *
 * @returns the signer's public key in SSH's wire format.
 * @throws TriggerError `malformed-signature`: damaged, for another namespace, of another key type
 * than ed25519, or not over this message. The sentence says which.
 */
export function verifyMessage(
  message: Uint8Array,
  armour: string,
  namespace: string,
): { blob: Buffer } {
  const signed = decodeSignature(armour);
  if (signed.namespace !== namespace) throw malformed('it was made for another namespace');
  const key = publicKeyOf(signed.key);
  const raw = rawSignatureOf(signed.signature);
  const data = signedData(namespace, signed.hash, digestOf(message, signed.hash));
  if (!verify(null, data, key, raw)) throw malformed('it does not belong to this text');
  return { blob: signed.key };
}

function digestOf(message: Uint8Array, hash: SignatureHash): Buffer {
  return createHash(hash).update(message).digest();
}

/** An ed25519 key (RFC 8709 section 4), checked by the same rules as one in a file. */
function publicKeyOf(blob: Buffer): KeyObject {
  const reader = new WireReader(blob, () => malformed('its public key is damaged'));
  if (reader.text() !== ED25519) throw malformed('its key is not an ed25519 key');
  const point = reader.string();
  reader.end();
  try {
    parsePublicKey(`${ED25519} ${blob.toString('base64')}`);
    const jwk = { kty: 'OKP', crv: 'Ed25519', x: point.toString('base64url') };
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch (cause) {
    throw malformed('its public key is not usable', cause);
  }
}

/** The 64 bytes of an ed25519 signature (RFC 8709 section 6). */
function rawSignatureOf(signature: Buffer): Buffer {
  const reader = new WireReader(signature, () => malformed('its inner signature is damaged'));
  if (reader.text() !== ED25519) throw malformed('it is not an ed25519 signature');
  const raw = reader.string();
  reader.end();
  if (raw.length !== 64) throw reader.damaged();
  return raw;
}
