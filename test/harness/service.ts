import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { waitFor } from './wait.ts';

export interface ServiceOptions {
  /** For messages. */
  name: string;
  argv: readonly [string, ...string[]];
  /** Where stdout and stderr go; appended to over restarts. */
  logFile: string;
  /** Resolves to true when the service can be used; looked at until `readyMs` pass. */
  ready: () => Promise<boolean>;
  readyMs?: number;
}

/** One real process that can be started, stopped, killed and started again. */
export interface Service {
  readonly name: string;
  pid(): number | undefined;
  running(): boolean;
  /** Start it and wait until it is ready; fails with its last lines when it ends instead. */
  start(): Promise<void>;
  /** SIGTERM, as systemd would; fails when it does not end by itself within 15 s. */
  stop(): Promise<void>;
  /** SIGKILL to this process alone: its children are left to themselves, as in a real crash. */
  kill9(): Promise<void>;
  restart(): Promise<void>;
  log(): string;
  lastLines(count: number): string;
}

const STOP_MS = 15_000;

export function createService(options: ServiceOptions): Service {
  let child: ChildProcess | undefined;
  const running = () => child !== undefined && child.exitCode === null && child.signalCode === null;

  const log = () => {
    try {
      return readFileSync(options.logFile, 'utf8');
    } catch {
      return '';
    }
  };
  const lastLines = (count: number) => log().trimEnd().split('\n').slice(-count).join('\n');

  async function start(): Promise<void> {
    if (running()) throw new Error(`${options.name} runs already.`);
    const out = openSync(options.logFile, 'a');
    // The kernel ends the service when the test that started it dies: nothing is left behind.
    const started = spawn('setpriv', ['--pdeathsig', 'TERM', '--', ...options.argv], {
      detached: true,
      stdio: ['ignore', out, out],
    });
    closeSync(out);
    child = started;
    await waitFor(
      async () => {
        if (started.exitCode !== null || started.signalCode !== null) return 'ended';
        return (await options.ready()) ? 'ready' : undefined;
      },
      {
        deadlineMs: options.readyMs ?? 20_000,
        describe: () => `${options.name} is ready. Its last lines:\n${lastLines(15)}`,
      },
    ).then((how) => {
      if (how === 'ready') return;
      const end = started.exitCode ?? started.signalCode;
      throw new Error(`${options.name} ended at start (${end}):\n${lastLines(15)}`);
    });
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = child;
    if (ending === undefined || !running()) return;
    ending.kill(signal);
    await waitFor(() => !running(), {
      deadlineMs: STOP_MS,
      everyMs: 10,
      describe: () => `${options.name} ends after ${signal}. Its last lines:\n${lastLines(15)}`,
    });
  }

  const stop = () => end('SIGTERM');
  return {
    name: options.name,
    pid: () => (running() ? child?.pid : undefined),
    running,
    start,
    stop,
    kill9: () => end('SIGKILL'),
    async restart() {
      await stop();
      await start();
    },
    log,
    lastLines,
  };
}
