import { readFileSync } from 'node:fs';
import { parsePublicKey, type Rule } from '@pushmirror/acl';
import { loadConfig } from '@pushmirror/config';
import { readSecret } from '@pushmirror/host';
import { compileRules } from './access.ts';
import { agentConfig, type AgentConfig } from './config.ts';
import { AgentError, messageOf } from './errors.ts';
import type { KnownKey } from './front-door/ssh-auth.ts';

/** A configuration, and what it takes to use it. */
export interface Settings {
  config: AgentConfig;
  peers: readonly KnownKey[];
  rules: readonly Rule[];
}

/**
 * Read the configuration file, and check every key and secret that it names, so that a fault shows
 * at the start and not at the first push.
 *
 * @throws ConfigError for the file itself, AgentError `config` listing all other problems.
 */
export function loadSettings(path: string): Settings {
  const config = loadConfig(path, agentConfig);
  const problems: string[] = [];
  const check = (where: string, action: () => unknown) => {
    try {
      action();
    } catch (error) {
      problems.push(`${path}: ${where}: ${messageOf(error)}`);
    }
  };

  const peers: KnownKey[] = [];
  config.peer.forEach(({ name, key }, i) => {
    check(`peer[${i}].key`, () => peers.push({ name, key: parsePublicKey(key) }));
  });
  const { master, push_key, pull_key, rsync_ssh, ssh_server } = config;
  if (pull_key !== undefined) check('pull_key', () => readSecret(pull_key));
  if (rsync_ssh !== undefined) {
    check('rsync_ssh.host_key', () => parsePublicKey(readFileSync(rsync_ssh.host_key, 'utf8')));
  }
  if (master !== undefined) check('master.token_file', () => readSecret(master.token_file));
  if (push_key !== undefined) check('push_key', () => readSecret(push_key));
  if (ssh_server !== undefined) check('ssh_server.host_key', () => readSecret(ssh_server.host_key));
  config.archive.forEach(({ password_file: file, callback }, i) => {
    if (file !== undefined) check(`archive[${i}].password_file`, () => readSecret(file));
    if (callback !== undefined) {
      check(`archive[${i}].callback.key`, () => readSecret(callback.key));
    }
  });
  if (problems.length > 0) throw new AgentError('config', problems.join('\n'));
  return { config, peers, rules: compileRules(config.peer) };
}
