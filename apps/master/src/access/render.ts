import { accessFiles, renderRsyncdConf } from '@pushmirror/acl';
import type { MasterConfig } from '../config.ts';
import { compileAccess } from './compile.ts';
import { guardProgram } from './guard-program.ts';
import type { Policy } from './policy.ts';
import { MASTER } from '../registry/tree.ts';

/** Files for an rsync daemon that the administrator runs: rsyncd.conf and what it refers to. */
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
  const { modules, secrets, notes } = compileAccess(policy, MASTER, names, at);
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
  return { files: [...access.files, { path: `${folder}/rsyncd.conf`, text }], notes };
}
