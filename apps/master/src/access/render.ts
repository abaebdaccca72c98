import { accessFiles, renderRsyncdConf, sshPulls } from '@pushmirror/acl';
import type { MasterConfig } from '../config.ts';
import { compileAccess } from './compile.ts';
import { guardProgram } from './guard-program.ts';
import type { Policy } from './policy.ts';
import { MASTER } from '../registry/tree.ts';

/** Files for daemons that the administrator runs: rsyncd.conf, authorized_keys, what they refer to. */
export interface Rendered {
  files: { path: string; text: string }[];
  notes: string[];
}

/**
 * Render the rules for the master's archives, to be installed in a folder.
 *
 * @throws AclError `unsafe-rsyncd`
 */
export function renderForMaster(
  policy: Policy,
  config: MasterConfig,
  folder: string,
  at: Date,
): Rendered {
  const names = policy.archives.map(({ name }) => name);
  const { modules, secrets, sshPullers, notes } = compileAccess(policy, MASTER, names, at);
  const paths = new Map(policy.archives.map(({ name, path }) => [name, path]));
  const { hosts_allow: within = [], ...rsyncd } = config.rsyncd ?? {
    address: '0.0.0.0',
    port: 873,
    max_connections: 200,
  };
  const access = accessFiles({
    modules,
    secrets,
    pathOf: (archive) => paths.get(archive),
    folder,
    guard: guardProgram(),
    within,
  });
  const text = renderRsyncdConf({
    address: rsyncd.address,
    port: rsyncd.port,
    lockFile: `${folder}/rsyncd.lock`,
    maxConnections: rsyncd.max_connections,
    modules: access.modules,
  });
  const ssh = sshPulls({
    pullers: sshPullers,
    modules,
    pathOf: (archive) => paths.get(archive),
    folder,
    rsync: config.rsync_ssh?.rsync ?? '/usr/bin/rsync',
    within,
  });
  const lines = ssh.lines.map((line) => `${line}\n`).join('');
  const keys = { path: `${folder}/authorized_keys`, text: lines };
  const conf = { path: `${folder}/rsyncd.conf`, text };
  return { files: [...access.files, ...ssh.files, keys, conf], notes };
}
