import { STRICT_SSH } from '../strict-ssh.ts';
import { isPlainWord } from './plain-word.ts';
import { SyncFailure } from './failure.ts';
import type { Upstream } from './upstream-url.ts';

/** With what this mirror pulls over SSH; paths without blanks. */
export interface SshPull {
  /** The private key's file. */
  identity: string;
  /** The pinned host keys of those we pull from, in OpenSSH's format. */
  knownHosts: string;
}

/**
 * rsync's `--rsh`: the system's ssh, by our key and the pinned host keys alone, with none of the
 * user's settings. rsync takes it apart at blanks, so that each part must be a plain word.
 *
 * @throws SyncFailure `settings`
 */
export function remoteShell({ port, url }: Upstream, ssh: SshPull | undefined): string {
  if (ssh === undefined) throw unusable(`There is no key with which to pull from ${url}`);
  const odd = [ssh.identity, ssh.knownHosts].find((path) => !isPlainWord(path));
  if (odd !== undefined) {
    throw unusable(`To pull over SSH the path ${JSON.stringify(odd)} must be a plain one`);
  }
  const options = [
    ...STRICT_SSH,
    `UserKnownHostsFile=${ssh.knownHosts}`,
    'GlobalKnownHostsFile=/dev/null',
    'ConnectTimeout=20',
    'ServerAliveInterval=20',
    'ServerAliveCountMax=3',
  ].map((option) => `-o${option}`);
  return ['ssh', '-F', 'none', '-T', '-p', `${port}`, '-i', ssh.identity, ...options].join(' ');
}

function unusable(why: string): SyncFailure {
  return new SyncFailure('settings', `${why}.`, { retry: false });
}
