import { AclError, parsePublicKey } from '@pushmirror/acl';
import { replaceFile } from '@pushmirror/host';
import type { AccessResponse } from '@pushmirror/trigger/access';
import { parseUpstream } from '../sync/upstream-url.ts';
import { SyncFailure } from '../sync/failure.ts';

/** Write down the host keys of those that let us pull over SSH; each is pinned by the master's word. */
export async function writeKnownHosts(
  path: string,
  sources: AccessResponse['sources'],
): Promise<void> {
  const lines = sources.flatMap(({ ssh }) => (ssh === undefined ? [] : lineFor(ssh)));
  await replaceFile(path, lines.map((line) => `${line}\n`).join(''), 0o600);
}

function lineFor({ url, hostKey }: { url: string; hostKey: string }): string[] {
  try {
    const { host, port } = parseUpstream(`${url}/any`);
    const name = port === 22 ? host : `[${host}]:${port}`;
    return [`${name} ${parsePublicKey(hostKey).line}`];
  } catch (error) {
    if (error instanceof SyncFailure || error instanceof AclError) return [];
    throw error;
  }
}
