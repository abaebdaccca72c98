import { readFileSync } from 'node:fs';
import { parsePublicKey } from '@pushmirror/acl';
import type { Announcement } from '@pushmirror/trigger/access';
import type { AgentConfig } from '../config.ts';
import { haveKey } from '../register/keys.ts';
import type { StatePaths } from '../state/paths.ts';
import type { SshPull } from '../sync/over-ssh.ts';

/** The places of what it takes to pull over SSH, whether they are there or not. */
export function sshPullOf(
  config: Pick<AgentConfig, 'pull_key' | 'known_hosts'>,
  paths: StatePaths,
): SshPull {
  return {
    identity: config.pull_key ?? paths.pullKey,
    knownHosts: config.known_hosts ?? paths.knownHosts,
  };
}

/**
 * What this mirror says of itself to the master: the key with which it pulls over SSH, if it does
 * (it is made where there is none), and where others pull from it so.
 *
 * @throws AgentError `config`, HostError, AclError for a key that cannot be used.
 */
export async function announcementOf(
  config: AgentConfig,
  paths: StatePaths,
): Promise<Announcement> {
  const { rsync_ssh: serving } = config;
  const said: Announcement = { sshSource: null };
  if (serving !== undefined) {
    const hostKey = parsePublicKey(readFileSync(serving.host_key, 'utf8')).line;
    said.sshSource = { url: serving.url, hostKey };
  }
  const urls = config.archive.flatMap(({ upstream, fallbacks }) => [upstream, ...fallbacks]);
  if (urls.some((url) => url.startsWith('ssh://'))) {
    const { identity } = sshPullOf(config, paths);
    said.pullKey = await haveKey(identity, `pulls for ${config.name}`);
  }
  return said;
}
