import { formatHead, HEAD_NAMESPACE, parseHead, type Head, type SignedHead } from './head.ts';
import type { SigningKey } from './signing-key.ts';
import { signMessage } from './sshsig.ts';

/**
 * Sign a head. Times are cut to the second, so the head that comes back is the one that travels.
 *
 * @throws TriggerError `malformed-head` for a head that nobody would accept.
 */
export function signHead(head: Head, key: SigningKey): SignedHead {
  const body = Buffer.from(formatHead(head), 'latin1');
  const armour = signMessage(body, key, HEAD_NAMESPACE);
  return parseHead(Buffer.concat([body, Buffer.from(armour, 'latin1')]));
}
