import { createHash, createPublicKey, timingSafeEqual } from 'node:crypto';
import { AclError } from './errors.ts';
import { isSmallOrder } from './small-order.ts';
import { WireReader } from './wire-reader.ts';

/** The key types that we use. Not: ssh-dss (broken), sk-* and certificates (ssh2 has neither). */
export type KeyType =
  | 'ssh-ed25519'
  | 'ssh-rsa'
  | 'ecdsa-sha2-nistp256'
  | 'ecdsa-sha2-nistp384'
  | 'ecdsa-sha2-nistp521';

/** An SSH public key. */
export interface PublicKey {
  type: KeyType;
  /** The key in SSH's wire format (RFC 4253 section 6.6). */
  blob: Buffer;
  /** Whatever followed the key on its line; may be empty. */
  comment: string;
  /** `type base64`, without the comment: as in allowed_signers and known_hosts. */
  line: string;
}

const LONGEST_LINE = 16 * 1024;
const SHORTEST_RSA_BITS = 3072;
const LONGEST_RSA_BITS = 16384;
const CURVES = {
  'ecdsa-sha2-nistp256': { name: 'nistp256', jwk: 'P-256', bytes: 32 },
  'ecdsa-sha2-nistp384': { name: 'nistp384', jwk: 'P-384', bytes: 48 },
  'ecdsa-sha2-nistp521': { name: 'nistp521', jwk: 'P-521', bytes: 66 },
} as const;

/**
 * Read one public key line, `type base64 [comment]`, as ssh-keygen writes it. The wire format is
 * checked to the last byte (RFC 4253 section 6.6, RFC 5656 section 3.1, RFC 8709 section 4).
 *
 * @throws AclError `unusable-key` for every other shape, with options in front, DSA, RSA shorter
 * than 3072 bits, points that are not on their curve.
 */
export function parsePublicKey(line: string): PublicKey {
  if (line.length > LONGEST_LINE) throw unusable('it is longer than 16 KiB');
  if (line.includes('PRIVATE KEY')) throw unusable('it is a private one; give its .pub file');
  const match = /^(\S+)[ \t]+([A-Za-z0-9+/]+={0,2})(?:[ \t]+(.*))?$/s.exec(line.trim());
  const [, type = '', base64 = '', comment = ''] = match ?? [];
  if (match === null) throw unusable('it is not a line "type base64 comment"');
  if (/\p{Cc}/u.test(comment)) throw unusable('its comment holds control characters');
  if (!isKeyType(type)) throw unusable(whyNotType(type));
  const blob = Buffer.from(base64, 'base64');
  if (blob.toString('base64') !== base64) throw unusable('its base64 is damaged');
  checkBlob(type, blob);
  return { type, blob, comment, line: `${type} ${base64}` };
}

/** `SHA256:...`, as `ssh-keygen -l` shows it; of the key in wire format. */
export function fingerprint(blob: Uint8Array): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

/** Whether two keys in wire format are the same, in a time that does not tell where they differ. */
export function sameKey(a: Uint8Array, b: Uint8Array): boolean {
  const digest = (blob: Uint8Array) => createHash('sha256').update(blob).digest();
  return timingSafeEqual(digest(a), digest(b));
}

function isKeyType(type: string): type is KeyType {
  return type === 'ssh-ed25519' || type === 'ssh-rsa' || Object.hasOwn(CURVES, type);
}

function whyNotType(type: string): string {
  if (type === 'ssh-dss') return 'DSA keys are broken';
  if (/^(sk-|.*-cert-)/.test(type)) return 'hardware keys and certificates are not supported';
  return 'its type is unknown, or options stand in front of it';
}

function checkBlob(type: KeyType, blob: Buffer): void {
  const reader = new WireReader(blob, () => unusable('its wire format is damaged'));
  if (reader.text() !== type) throw unusable('its base64 holds a key of another type');
  if (type === 'ssh-ed25519') checkEd25519(reader);
  else if (type === 'ssh-rsa') checkRsa(reader);
  else checkEcdsa(CURVES[type], reader);
  reader.end();
}

function checkEd25519(reader: WireReader): void {
  const point = reader.string();
  if (point.length !== 32) throw reader.damaged();
  if (isSmallOrder(point)) throw unusable('anybody could sign for it (a point of small order)');
}

function checkRsa(reader: WireReader): void {
  const exponent = reader.positiveInteger();
  const modulus = reader.positiveInteger();
  if (modulus.bits < SHORTEST_RSA_BITS) {
    throw unusable(`RSA of ${modulus.bits} bits is too short: at least ${SHORTEST_RSA_BITS}`);
  }
  if (modulus.bits > LONGEST_RSA_BITS) throw unusable(`RSA of ${modulus.bits} bits is too long`);
  const isOdd = (bytes: Buffer) => ((bytes.at(-1) ?? 0) & 1) === 1;
  const usual = exponent.bits >= 2 && exponent.bits <= 64;
  if (!usual || !isOdd(exponent.bytes) || !isOdd(modulus.bytes)) throw reader.damaged();
}

function checkEcdsa(curve: (typeof CURVES)[keyof typeof CURVES], reader: WireReader): void {
  if (reader.text() !== curve.name) throw reader.damaged();
  const point = reader.string();
  if (point[0] !== 4 || point.length !== 1 + 2 * curve.bytes) throw reader.damaged();
  const x = point.subarray(1, 1 + curve.bytes).toString('base64url');
  const y = point.subarray(1 + curve.bytes).toString('base64url');
  try {
    createPublicKey({ key: { kty: 'EC', crv: curve.jwk, x, y }, format: 'jwk' });
  } catch (cause) {
    throw unusable('its point is not on the curve', cause);
  }
}

function unusable(why: string, cause?: unknown): AclError {
  return new AclError(
    'unusable-key',
    `This public key cannot be used: ${why}. Make one with: ssh-keygen -t ed25519`,
    cause === undefined ? {} : { cause },
  );
}
