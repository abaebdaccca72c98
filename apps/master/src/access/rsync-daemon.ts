import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { renderRsyncdConf } from '@pushmirror/acl';
import { killGroup, replaceFile, supervise, type Supervised } from '@pushmirror/host';
import { checkPortFree } from './free-port.ts';

export interface RsyncDaemonOptions {
  stateDir: string;
  address: string;
  port: number;
  hostsAllow: readonly string[];
  maxConnections: number;
  /** Told of every end that nobody asked for. */
  onExit: (end: { code: number | null; stderr: string; restartInMs: number }) => void;
}

/** An rsync daemon that is ours: started, watched, ended with the master. */
export interface RsyncDaemon {
  /**
   * Serve these folders from now on. rsync reads its configuration again for each client
   * (rsyncd.conf(5)), so that nothing need be restarted.
   */
  serve(archives: readonly { name: string; path: string }[]): Promise<void>;
  close(): Promise<void>;
}

const ORPHAN_WAIT_MS = 3_000;

/**
 * Start an rsync daemon with a module for each archive, read-only.
 *
 * @throws HostError `port-in-use`, `program-missing`, `disk-full`; AclError `unsafe-rsyncd`.
 */
export async function startRsyncDaemon(
  o: RsyncDaemonOptions,
  archives: readonly { name: string; path: string }[],
): Promise<RsyncDaemon> {
  const conf = join(o.stateDir, 'rsyncd.conf');
  const pidFile = join(o.stateDir, 'rsyncd.pid');
  const write = (served: readonly { name: string; path: string }[]) =>
    replaceFile(conf, renderConf(o, pidFile, served));
  await endOrphan(pidFile, conf);
  await checkPortFree(o.address, o.port);
  await write(archives);
  const daemon: Supervised = supervise({
    argv: ['rsync', '--daemon', '--no-detach', `--config=${conf}`],
    onExit: o.onExit,
  });
  return {
    serve: write,
    async close() {
      await daemon.stop();
      await rm(pidFile, { force: true });
    },
  };
}

function renderConf(
  o: RsyncDaemonOptions,
  pidFile: string,
  archives: readonly { name: string; path: string }[],
): string {
  const allowed = o.hostsAllow.length === 0 ? {} : { hostsAllow: o.hostsAllow };
  return renderRsyncdConf({
    address: o.address,
    port: o.port,
    pidFile,
    lockFile: join(o.stateDir, 'rsyncd.lock'),
    maxConnections: o.maxConnections,
    modules: archives.map(({ name, path }) => ({ name, path, ...allowed })),
  });
}

/** A master that was killed leaves its rsync daemon behind, which holds the port: end that one. */
async function endOrphan(pidFile: string, conf: string): Promise<void> {
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => ''));
  if (!Number.isInteger(pid) || pid <= 1) return;
  for (let waited = 0; waited < ORPHAN_WAIT_MS && (await isOurDaemon(pid, conf)); waited += 50) {
    killGroup(pid, waited === 0 ? 'SIGTERM' : 'SIGKILL');
    await delay(50);
  }
  await rm(pidFile, { force: true });
}

/** Whether this process is an rsync daemon with our configuration, and not a stranger's. */
async function isOurDaemon(pid: number, conf: string): Promise<boolean> {
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.split('\0').includes(`--config=${conf}`);
}
