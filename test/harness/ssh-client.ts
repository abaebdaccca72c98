import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tryTool } from './tool.ts';

export interface SshTarget {
  port: number;
  user: string;
  /** `ssh-ed25519 AAAA...` */
  hostKey: string;
  /** The private key's file to log in with. */
  identity: string;
  /** For its known_hosts file. */
  folder: string;
}

export interface SshAnswer {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Run a command on 127.0.0.1 with the stock OpenSSH client, as any upstream could. */
export async function ssh(
  target: SshTarget,
  command: string,
  options: readonly string[] = [],
): Promise<SshAnswer> {
  const knownHosts = join(target.folder, `known_hosts.${target.port}`);
  await writeFile(knownHosts, `[127.0.0.1]:${target.port} ${target.hostKey}\n`);
  const settings = [
    'BatchMode=yes',
    'IdentitiesOnly=yes',
    'StrictHostKeyChecking=yes',
    'ConnectTimeout=10',
    `UserKnownHostsFile=${knownHosts}`,
    'GlobalKnownHostsFile=/dev/null',
  ].flatMap((setting) => ['-o', setting]);
  const login = `${target.user}@127.0.0.1`;
  const { code, stdout, stderr } = await tryTool(
    [
      'ssh',
      '-F',
      'none',
      '-T',
      ...settings,
      '-i',
      target.identity,
      '-p',
      `${target.port}`,
      ...options,
      login,
      '--',
      command,
    ],
    { deadlineMs: 30_000 },
  );
  return { code, stdout, stderr };
}
