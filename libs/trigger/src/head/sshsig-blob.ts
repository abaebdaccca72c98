import { WireReader } from '@pushmirror/acl/wire-reader';
import { TriggerError } from '../errors.ts';

/** The hash algorithms that SSHSIG allows for the message. */
export type SignatureHash = 'sha256' | 'sha512';

/** What is inside the armour: OpenSSH's PROTOCOL.sshsig, section 2. */
export interface SshSignature {
  /** The signer's public key in SSH's wire format; nothing is proven by its being here. */
  key: Buffer;
  namespace: string;
  hash: SignatureHash;
  /** The signature in SSH's wire format: its algorithm and its bytes. */
  signature: Buffer;
}

const MAGIC = Buffer.from('SSHSIG');
const VERSION = 1;
const LONGEST_ARMOUR = 4096;
const COLUMNS = 70; // As ssh-keygen wraps its lines.
const BEGIN = '-----BEGIN SSH SIGNATURE-----';
const END = '-----END SSH SIGNATURE-----';

/** The armour of a signature, byte for byte as `ssh-keygen -Y sign` writes it. */
export function encodeSignature(signature: SshSignature): string {
  const blob = Buffer.concat([
    MAGIC,
    uint32(VERSION),
    wireString(signature.key),
    wireString(signature.namespace),
    wireString(''),
    wireString(signature.hash),
    wireString(signature.signature),
  ]);
  const lines = blob.toString('base64').match(new RegExp(`.{1,${COLUMNS}}`, 'g')) ?? [];
  return [BEGIN, ...lines, END, ''].join('\n');
}

/**
 * Read a signature from outside, strictly: the armour and nothing around it, canonical base64,
 * version 1, an empty reserved field, nothing left over.
 *
 * @throws TriggerError `malformed-signature`.
 */
export function decodeSignature(armour: string): SshSignature {
  const blob = dearmour(armour);
  if (!blob.subarray(0, MAGIC.length).equals(MAGIC)) throw malformed('it is not an SSH signature');
  const rest = MAGIC.length + 4;
  if (blob.length < rest) throw malformed('it is cut short');
  if (blob.readUInt32BE(MAGIC.length) !== VERSION) throw malformed('its version is not 1');
  const reader = new WireReader(blob.subarray(rest), () => malformed('its fields are damaged'));
  const key = reader.string();
  const namespace = reader.text();
  const reserved = reader.string();
  const hash = reader.text();
  const signature = reader.string();
  reader.end();
  if (!/^[\x20-\x7e]+$/.test(namespace)) throw malformed('its namespace is not plain text');
  if (reserved.length > 0) throw malformed('its reserved field is not empty');
  if (hash !== 'sha256' && hash !== 'sha512') throw malformed('its hash is not sha256 or sha512');
  return { key, namespace, hash, signature };
}

/** The bytes that are really signed (section 3): the message goes in as its digest. */
export function signedData(namespace: string, hash: SignatureHash, digest: Buffer): Buffer {
  const fields = [wireString(namespace), wireString(''), wireString(hash), wireString(digest)];
  return Buffer.concat([MAGIC, ...fields]);
}

/** A string of SSH's wire format (RFC 4251 section 5). */
export function wireString(data: string | Buffer): Buffer {
  const bytes = Buffer.from(data);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

/** The error for a signature that cannot be used; `why` never quotes it. */
export function malformed(why: string, cause?: unknown): TriggerError {
  const message = `The signature cannot be used: ${why}.`;
  return new TriggerError('malformed-signature', message, cause === undefined ? {} : { cause });
}

function dearmour(armour: string): Buffer {
  if (armour.length > LONGEST_ARMOUR) throw malformed('it is longer than 4096 bytes');
  if (!armour.startsWith(`${BEGIN}\n`) || !armour.endsWith(`\n${END}\n`)) {
    throw malformed('its BEGIN or END line is missing');
  }
  const base64 = armour.slice(BEGIN.length + 1, -(END.length + 2)).replaceAll('\n', '');
  const blob = Buffer.from(base64, 'base64');
  if (blob.toString('base64') !== base64) throw malformed('its base64 is damaged');
  return blob;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
