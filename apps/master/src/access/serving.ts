import type { Logger } from 'pino';
import type { MasterConfig } from '../config.ts';
import type { Db } from '../db/open.ts';
import type { MasterFacts } from '../registry/operator-kit.ts';
import { MASTER } from '../registry/tree.ts';
import { createAccess, type Access } from './access.ts';
import { compileAccess } from './compile.ts';
import type { Policy } from './policy.ts';
import {
  startRsyncDaemon,
  type RsyncDaemon,
  type RsyncDaemonOptions,
  type Served,
} from './rsync-daemon.ts';
import { sshFiles, writeSshFiles } from './ssh-doors.ts';

/** The rules in force, and the rsync daemon that goes by them where the master runs one. */
export interface Serving {
  access: Access;
  start(): Promise<void>;
  close(): Promise<void>;
}

export function createServing(o: {
  config: MasterConfig;
  logger: Logger;
  db: Db;
  now: () => Date;
  facts: () => MasterFacts;
  /** Told of each change of the rules, once rsync goes by it. */
  onChange: (policy: Policy) => Promise<void>;
}): Serving {
  const { config, logger, db, now } = o;
  let rsyncd: RsyncDaemon | undefined;
  const access = createAccess({
    db,
    network: config.network,
    slotTimeoutMs: config.push.slot_timeout,
    facts: o.facts,
    now,
    async onChange(policy) {
      await rsyncd?.serve(servedByMaster(policy, now()));
      const ssh = sshFiles(config, policy, now());
      if (ssh !== undefined) await writeSshFiles(ssh);
      await o.onChange(policy);
    },
    onTrouble: (error) => logger.error({ err: error }, 'the rules could not be put in force'),
  });
  return {
    access,
    async start() {
      const settings = rsyncdSettings(config);
      if (settings !== undefined) {
        const onExit = (end: object) =>
          logger.error(end, 'the rsync daemon ended and is started again');
        const served = servedByMaster(await access.policy(), now());
        rsyncd = await startRsyncDaemon({ ...settings, onExit }, served);
      }
      await access.policy(); // What is on the disk is in force from here on.
      await access.start();
    },
    async close() {
      await access.close();
      await rsyncd?.close();
    },
  };
}

/** What the master's own rsync daemon serves, and to whom. */
export function servedByMaster(policy: Policy, at: Date): Served {
  const { archives } = policy;
  const names = archives.map(({ name }) => name);
  const { modules, secrets } = compileAccess(policy, MASTER, names, at);
  return { archives, modules, secrets };
}

/** Undefined where the master runs no rsync daemon. */
export function rsyncdSettings(
  config: MasterConfig,
): Omit<RsyncDaemonOptions, 'onExit'> | undefined {
  if (config.rsyncd === undefined) return undefined;
  const { address, port, hosts_allow: hostsAllow, max_connections: maxConnections } = config.rsyncd;
  return { stateDir: config.state, address, port, hostsAllow, maxConnections };
}
