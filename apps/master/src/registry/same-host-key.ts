import { AclError, parsePublicKey } from '@pushmirror/acl';
import type { MirrorRow } from '../db/schema.ts';

/**
 * Other mirrors whose SSH endpoint shows this host key. An endpoint lets in whoever has the master's
 * key, whatever for; so one that is known already proves nothing of another mirror, and a person must
 * say whether both are on one host.
 */
export function othersWithHostKey(
  mirrors: readonly Pick<MirrorRow, 'name' | 'state' | 'host_key'>[],
  name: string,
  hostKey: string,
): string[] {
  const line = lineOf(hostKey);
  return mirrors
    .filter((one) => one.name !== name && one.state !== 'left' && one.host_key === line)
    .map((one) => one.name);
}

/** `type base64`, as rows have it. */
function lineOf(hostKey: string): string {
  try {
    return parsePublicKey(hostKey).line;
  } catch (error) {
    if (error instanceof AclError) return hostKey;
    throw error;
  }
}
