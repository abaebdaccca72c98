import { createPrivateKey, sign } from 'node:crypto';
import { parsePublicKey } from '@pushmirror/acl';
import { readSecret } from '@pushmirror/host';
import ssh2 from 'ssh2';
import type { ParsedKey } from 'ssh2';
import { TriggerError } from '../errors.ts';

/**
 * Read the private key that pushes are authenticated with.
 *
 * @throws HostError when the file is missing, unreadable or readable by others; TriggerError
 * `unusable-key` when it holds no private key that ssh2 can use without a passphrase; AclError
 * `unusable-key` for one that is weak.
 */
export function readPushKey(path: string): ParsedKey {
  const parsed: ParsedKey | Error | ParsedKey[] = ssh2.utils.parseKey(readSecret(path));
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key === undefined || key instanceof Error || !key.isPrivateKey()) {
    throw new TriggerError(
      'unusable-key',
      `${path} holds no private key without a passphrase. Make one with: ssh-keygen -t ed25519 -N '' -f ${path}`,
      { cause: key },
    );
  }
  // A key that is weak or of a wrong type is refused with the reason.
  parsePublicKey(`${key.type} ${key.getPublicSSH().toString('base64')}`);
  if (key.type === 'ssh-ed25519') signFaster(key);
  return key;
}

/**
 * ssh2 parses the key anew for every signature, which takes ten times as long as the signature
 * itself (OpenSSL 3's decoders are slow); parse it once.
 */
function signFaster(key: ParsedKey): void {
  const privateKey = createPrivateKey(key.getPrivatePEM());
  key.sign = (data) => sign(null, Buffer.from(data), privateKey);
}
