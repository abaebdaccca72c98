import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { accessFiles, renderRsyncdConf, type AccessModule } from '@pushmirror/acl';
import { killGroup, replaceFile, supervise, type Supervised } from '@pushmirror/host';
import { checkPortFree } from './free-port.ts';
import { guardProgram } from './guard-program.ts';

export interface RsyncDaemonOptions {
  stateDir: string;
  address: string;
  port: number;
  /** No module lets in anybody from elsewhere; empty: no such limit. */
  hostsAllow: readonly string[];
  maxConnections: number;
  /** Told of every end that nobody asked for. */
  onExit: (end: { code: number | null; stderr: string; restartInMs: number }) => void;
}

/** What is served, and to whom. */
export interface Served {
  archives: readonly { name: string; path: string }[];
  modules: readonly AccessModule[];
  secrets: readonly { user: string; secret: string }[];
}

/** An rsync daemon that is ours: started, watched, ended with the master. */
export interface RsyncDaemon {
  /**
   * Serve this from now on. rsync reads its configuration again for each client (rsyncd.conf(5)), so
   * that nothing need be restarted; a transfer that is under way goes on.
   */
  serve(served: Served): Promise<void>;
  close(): Promise<void>;
}

const ORPHAN_WAIT_MS = 3_000;

/**
 * Start an rsync daemon with a module for each archive and view, read-only.
 *
 * @throws HostError `port-in-use`, `program-missing`, `disk-full`; AclError `unsafe-rsyncd`.
 */
export async function startRsyncDaemon(
  o: RsyncDaemonOptions,
  served: Served,
): Promise<RsyncDaemon> {
  const conf = join(o.stateDir, 'rsyncd.conf');
  const pidFile = join(o.stateDir, 'rsyncd.pid');
  const write = async (now: Served) => {
    // The configuration last: until then, what it refers to is more than it needs.
    for (const { path, text } of rsyncdFiles(o, now)) await replaceFile(path, text, 0o600);
  };
  await endOrphan(pidFile, conf);
  await checkPortFree(o.address, o.port);
  await write(served);
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

/**
 * The files that an rsync daemon needs, rsyncd.conf last.
 *
 * @throws AclError `unsafe-rsyncd`
 */
export function rsyncdFiles(
  o: Omit<RsyncDaemonOptions, 'onExit'>,
  { archives, modules, secrets }: Served,
): { path: string; text: string }[] {
  const paths = new Map(archives.map(({ name, path }) => [name, path]));
  const access = accessFiles({
    modules,
    secrets,
    pathOf: (archive) => paths.get(archive),
    folder: o.stateDir,
    guard: guardProgram(),
    within: o.hostsAllow,
  });
  const text = renderRsyncdConf({
    address: o.address,
    port: o.port,
    pidFile: join(o.stateDir, 'rsyncd.pid'),
    lockFile: join(o.stateDir, 'rsyncd.lock'),
    maxConnections: o.maxConnections,
    modules: access.modules,
  });
  return [...access.files, { path: join(o.stateDir, 'rsyncd.conf'), text }];
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
