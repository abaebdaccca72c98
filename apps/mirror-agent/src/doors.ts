import type { Peer, Reply } from '@pushmirror/trigger';
import type { Audit } from './audit.ts';
import { startControl, type ControlOptions } from './control.ts';
import { createRefusalLog } from './front-door/refusal-log.ts';
import { startSshServer, type SshServer } from './front-door/ssh-server.ts';
import type { Logger } from './log.ts';
import { letIn, type Told } from './access/let-in.ts';
import type { LocalAccess } from './access/local.ts';
import { letInOverSsh } from './access/ssh-downstreams.ts';
import { startRsyncDaemon } from './rsync-daemon.ts';
import type { Settings } from './settings.ts';
import type { StatePaths } from './state/paths.ts';
import type { AgentStatus } from './status.ts';

/** The doors that are open; the caller's `undo` closes them. */
export interface Doors {
  status(): Pick<AgentStatus, 'sshServer' | 'rsyncd'>;
}

export interface DoorOptions {
  settings: Settings;
  paths: StatePaths;
  /** Takes a trigger. */
  receive: (command: string, peer: Peer) => Promise<Reply>;
  access: LocalAccess;
  audit: Audit;
  /** Answers requests at the control socket. */
  handle: ControlOptions['handle'];
  log: Logger;
  now: () => Date;
  /** Gets what closes each door that was opened. */
  undo: (() => unknown)[];
}

/**
 * Open all through which others reach the daemon: the rsync daemon for downstreams, the embedded SSH
 * server for triggers, and last the control socket, by which scripts see that it is ready.
 *
 * @throws AgentError `port-in-use`, `config` or `state`
 */
export async function openDoors(options: DoorOptions): Promise<Doors> {
  const { settings, paths, access, log, undo } = options;
  const { rsyncd, rsync_ssh, ssh_server, archive } = settings.config;
  const acts: ((told: Told) => Promise<void>)[] = [];
  if (rsyncd !== undefined) {
    const daemon = await startRsyncDaemon({
      rsyncd,
      archives: archive,
      paths,
      letIn: letIn(archive, rsyncd.open, access.told()),
      onExit: (end) => log.error(end, 'the rsync daemon ended and is started again'),
    });
    undo.push(() => daemon.stop());
    acts.push((told) => daemon.letIn(letIn(archive, rsyncd.open, told)));
  }
  if (rsync_ssh !== undefined) {
    const { rsync } = rsync_ssh;
    acts.push((told) => letInOverSsh(settings.config, rsync, paths.rsyncSsh, told));
  }
  const act = async (told: Told) => {
    for (const one of acts) await one(told);
  };
  access.onTold(act);
  await act(access.told()); // It may have changed while the daemon started.
  let ssh: SshServer | undefined;
  if (ssh_server !== undefined) {
    const { address, port, host_key, max_connections, max_per_source } = ssh_server;
    const server = await startSshServer({
      address,
      port,
      hostKey: host_key,
      peers: access.sources.peers,
      onStranger: access.refresh,
      receive: options.receive,
      maxConnections: max_connections,
      maxPerSource: max_per_source,
      onRefused: createRefusalLog(options),
    });
    undo.push(() => server.close());
    ssh = server;
  }
  const control = await startControl({ path: paths.socket, handle: options.handle });
  undo.push(() => control.close());

  return {
    status: () => ({
      ...(ssh === undefined
        ? {}
        : {
            sshServer: { address: ssh.address, port: ssh.port, connections: ssh.connections() },
          }),
      ...(rsyncd === undefined ? {} : { rsyncd: { address: rsyncd.address, port: rsyncd.port } }),
    }),
  };
}
