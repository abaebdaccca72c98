import { createHash } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parsePublicKey } from '@pushmirror/acl';
import { replaceFile } from '@pushmirror/host';
import type { PushTarget } from './sender.ts';

/**
 * Known-hosts files of our own, one a target, each holding the pinned key and nothing else.
 *
 * @returns the name of the target's file in the folder, which is made when it is missing.
 * @throws HostError `disk-full` or `cannot-write`; AclError `unusable-key` when the pinned key is
 * none.
 */
export async function writeKnownHosts(folder: string, target: PushTarget): Promise<string> {
  const line = knownHostsLine(target);
  const name = `${createHash('sha256').update(line).digest('hex').slice(0, 32)}.known_hosts`;
  const path = join(folder, name);
  if ((await readFile(path, 'utf8').catch(() => '')) === line) return name;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await replaceFile(path, line, 0o600);
  return name;
}

/** A line of ssh's known_hosts: `[host]:port type base64`; without brackets when the port is 22. */
export function knownHostsLine(target: PushTarget): string {
  const name = target.port === 22 ? target.host : `[${target.host}]:${target.port}`;
  return `${name} ${parsePublicKey(target.hostKey).line}\n`;
}
