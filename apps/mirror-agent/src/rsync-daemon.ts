import { mkdir, readFile, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { accessFiles, renderRsyncdConf } from '@pushmirror/acl';
import { errnoOf, replaceFile, supervise } from '@pushmirror/host';
import type { LetIn } from './access/let-in.ts';
import { NOT_OURS_TO_SHOW } from './access/ssh-downstreams.ts';
import type { AgentConfig } from './config.ts';
import { AgentError } from './errors.ts';
import type { StatePaths } from './state/paths.ts';

export interface RsyncDaemonOptions {
  rsyncd: NonNullable<AgentConfig['rsyncd']>;
  archives: AgentConfig['archive'];
  paths: StatePaths;
  letIn: LetIn;
  onExit: (end: { code: number | null; stderr: string; restartInMs: number }) => void;
}

const START_DEADLINE_MS = 15_000;
const LEFTOVER_DEADLINE_MS = 3_000;

/** An rsync daemon that is ours. */
export interface RsyncDaemon {
  /**
   * Let these in from now on. rsync reads its configuration again for each client (rsyncd.conf(5));
   * a transfer that is under way goes on.
   */
  letIn(now: LetIn): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Serve the archives to downstreams with an rsync daemon of our own, a module for each and for each
 * view of it. Resolves when it answers.
 *
 * @throws AgentError `port-in-use`, `config` or `state`.
 */
export async function startRsyncDaemon(options: RsyncDaemonOptions): Promise<RsyncDaemon> {
  const { archives, paths } = options;
  const { address, port } = options.rsyncd;
  for (const { to } of archives) await makeFolder(to);
  await write(options, options.letIn);
  await endLeftover(paths);
  await checkFree(address, port);
  const daemon = supervise({
    argv: ['rsync', '--daemon', '--no-detach', `--config=${paths.rsyncdConf}`],
    onExit: options.onExit,
  });
  const giveUpAt = performance.now() + START_DEADLINE_MS;
  while (!(await answers(address, port))) {
    if (performance.now() > giveUpAt) {
      await daemon.stop();
      const message = `rsyncd: the rsync daemon did not start on ${address} port ${port}. Look at the log, and check that rsync is installed.`;
      throw new AgentError('config', message);
    }
    await delay(20);
  }
  return { letIn: (now) => write(options, now), stop: () => daemon.stop() };
}

/** The configuration last: until then, what it refers to is more than it needs. */
async function write({ rsyncd, archives, paths }: RsyncDaemonOptions, now: LetIn): Promise<void> {
  const folders = new Map(archives.map(({ name, to }) => [name, to]));
  const { modules, files } = accessFiles({
    ...now,
    pathOf: (archive) => folders.get(archive),
    folder: dirname(paths.rsyncdConf),
    guard: [process.execPath, fileURLToPath(import.meta.resolve('@pushmirror/acl/pull-guard'))],
    within: rsyncd.hosts_allow,
    exclude: NOT_OURS_TO_SHOW,
  });
  const conf = renderRsyncdConf({
    address: rsyncd.address,
    port: rsyncd.port,
    pidFile: paths.rsyncdPid,
    lockFile: paths.rsyncdLock,
    modules,
  });
  for (const { path, text } of files) await replaceFile(path, text, 0o600);
  await replaceFile(paths.rsyncdConf, conf, 0o600);
}

async function makeFolder(to: string): Promise<void> {
  try {
    await mkdir(to, { recursive: true });
  } catch (cause) {
    const message = `${to} cannot be made (${errnoOf(cause)}). Make it, owned by the user that the agent runs as.`;
    throw new AgentError('config', message, { cause });
  }
}

/** An agent that was killed leaves its rsync daemon behind: end that one, and no other. */
async function endLeftover(paths: StatePaths): Promise<void> {
  const pid = Number(await readFile(paths.rsyncdPid, 'utf8').catch(() => ''));
  const isOurs = async () => {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return command.split('\0').includes(`--config=${paths.rsyncdConf}`);
  };
  if (Number.isSafeInteger(pid) && pid > 1) {
    const giveUpAt = performance.now() + LEFTOVER_DEADLINE_MS;
    while ((await isOurs()) && performance.now() < giveUpAt) {
      try {
        process.kill(pid, 'SIGTERM');
      } catch {
        break; // It has ended meanwhile.
      }
      await delay(50);
    }
  }
  await rm(paths.rsyncdPid, { force: true });
}

function checkFree(address: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', (cause) => {
      const inUse = errnoOf(cause) === 'EADDRINUSE';
      const why = inUse ? 'is in use already' : `cannot be listened on (${errnoOf(cause)})`;
      const message = `rsyncd: ${address} port ${port} ${why}. Choose another in the configuration.`;
      reject(new AgentError(inUse ? 'port-in-use' : 'config', message, { cause }));
    });
    probe.listen(port, address, () => probe.close(() => resolve()));
  });
}

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1_000 });
    const end = (answered: boolean) => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', () => end(true));
    socket.once('timeout', () => end(false));
    socket.once('error', () => end(false));
  });
}
