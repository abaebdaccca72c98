import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { killGroup, plainEnvironment } from './run.ts';

/** A program that is kept running. */
export interface Supervised {
  /** Ends it and its children; resolves when they are gone. */
  stop(): Promise<void>;
  /** Tell it something, such as SIGHUP to read its configuration again. */
  signal(signal: NodeJS.Signals): void;
  pid(): number | undefined;
}

export interface SuperviseOptions {
  argv: readonly [string, ...string[]];
  /** Told of every end that was not asked for, with the last lines of stderr. */
  onExit: (end: { code: number | null; stderr: string; restartInMs: number }) => void;
}

const SHORTEST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 30_000;
const STEADY_MS = 10_000;

/**
 * Start a daemon in the foreground, watch it, and start it again with growing pauses when it ends
 * by itself. It leads a process group of its own, which `stop` ends as a whole.
 */
export function supervise(options: SuperviseOptions): Supervised {
  const [program, ...args] = options.argv;
  const stopping = new AbortController();
  let child: ChildProcess | undefined;
  const watching = watch();

  async function watch(): Promise<void> {
    let pauseMs = SHORTEST_PAUSE_MS;
    while (!stopping.signal.aborted) {
      const startedAt = performance.now();
      const end = await runOnce();
      if (stopping.signal.aborted) return;
      if (performance.now() - startedAt > STEADY_MS) pauseMs = SHORTEST_PAUSE_MS;
      options.onExit({ ...end, restartInMs: pauseMs });
      await delay(pauseMs, undefined, { signal: stopping.signal }).catch(() => {});
      pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
    }
  }

  function runOnce(): Promise<{ code: number | null; stderr: string }> {
    return new Promise((resolve) => {
      const one = spawn(program, args, {
        detached: true,
        stdio: ['ignore', 'ignore', 'pipe'],
        env: plainEnvironment(),
      });
      child = one;
      let stderr = '';
      one.stderr.on('data', (chunk: Buffer) => {
        stderr = (stderr + chunk.toString('utf8')).slice(-2_000);
      });
      one.on('error', (error) => resolve({ code: null, stderr: error.message }));
      one.on('exit', (code) => resolve({ code, stderr }));
    });
  }

  return {
    async stop() {
      stopping.abort();
      killGroup(child?.pid, 'SIGTERM');
      const hardKill = setTimeout(() => killGroup(child?.pid, 'SIGKILL'), 3_000);
      await watching;
      clearTimeout(hardKill);
    },
    signal: (signal) => void child?.kill(signal),
    pid: () => child?.pid,
  };
}
