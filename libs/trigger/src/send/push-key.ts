import { readSecret } from '@pushmirror/host';
import ssh2 from 'ssh2';
import type { ParsedKey } from 'ssh2';
import { TriggerError } from '../errors.ts';

/**
 * Read the private key that pushes are authenticated with.
 *
 * @throws HostError when the file is missing, unreadable or readable by others; TriggerError
 * `unusable-key` when it holds no private key that ssh2 can use without a passphrase.
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
  return key;
}
