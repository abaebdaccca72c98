import { AclError, isHost, isUser, parsePublicKey, type PublicKey } from '@pushmirror/acl';
import type { PushTarget } from './sender.ts';
import { sentences } from './sentences.ts';

/**
 * The pinned key of a target that may be connected to, or a sentence that says what is wrong with
 * it. Whoever made the target has checked it too: this is the last gate before a connection, and
 * before ssh's command line.
 */
export function checkTarget(target: PushTarget): PublicKey | string {
  const wrong = (what: string) => sentences.badTarget(target, what);
  if (!isHost(target.host)) return wrong('its host is not a host name or address');
  if (!isUser(target.user)) return wrong('its user is not a user name');
  if (!Number.isInteger(target.port) || target.port < 1 || target.port > 65_535) {
    return wrong('its port is not a port');
  }
  try {
    return parsePublicKey(target.hostKey);
  } catch (error) {
    if (error instanceof AclError) return wrong(`its host key is unusable (${error.message})`);
    throw error;
  }
}
