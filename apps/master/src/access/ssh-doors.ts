import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { sshPulls } from '@pushmirror/acl';
import { replaceFile } from '@pushmirror/host';
import type { MasterConfig } from '../config.ts';
import { MASTER } from '../registry/tree.ts';
import { compileAccess } from './compile.ts';
import type { Policy } from './policy.ts';

/** The files with which the system's sshd lets mirrors pull from the master. */
export interface SshFiles {
  folder: string;
  /** authorized_keys, and a configuration of rsync for each key. */
  files: { path: string; text: string }[];
}

/**
 * What the rules come to at the master for those who pull over SSH; undefined where that is off.
 *
 * @throws AclError where a value could not be written down safely.
 */
export function sshFiles(
  config: Pick<MasterConfig, 'state' | 'rsync_ssh'>,
  policy: Policy,
  at: Date,
): SshFiles | undefined {
  if (config.rsync_ssh === undefined) return undefined;
  const folder = join(config.state, 'rsync-ssh');
  const names = policy.archives.map(({ name }) => name);
  const { modules, sshPullers } = compileAccess(policy, MASTER, names, at);
  const paths = new Map(policy.archives.map(({ name, path }) => [name, path]));
  const { lines, files } = sshPulls({
    pullers: sshPullers,
    modules,
    pathOf: (archive) => paths.get(archive),
    folder,
    rsync: config.rsync_ssh.rsync,
    within: [],
  });
  const text = lines.map((line) => `${line}\n`).join('');
  return { folder, files: [...files, { path: join(folder, 'authorized_keys'), text }] };
}

/**
 * Put them in force. sshd reads authorized_keys for each login, and rsync its configuration for each
 * client, so that nothing need be told; a transfer that is under way goes on.
 */
export async function writeSshFiles({ folder, files }: SshFiles): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const wanted = new Set(files.map(({ path }) => path));
  // The keys last, and then what nobody uses any more.
  for (const { path, text } of files) await replaceFile(path, text, 0o600);
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    if (name.endsWith('.conf') && !wanted.has(path)) await rm(path, { force: true });
  }
}
