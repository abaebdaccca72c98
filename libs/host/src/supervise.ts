import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { killGroup, plainEnvironment } from './run.ts';
import { tiedToUs } from './tied.ts';

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
const END_WITHIN_MS = 3_000;
const CHILDREN_END_WITHIN_MS = 500;
const LAST_WORDS_WITHIN_MS = 200;

/**
 * Start a daemon in the foreground, watch it, and start it again with growing pauses when it ends
 * by itself. It leads a process group of its own, which `stop` ends as a whole. When we die, so
 * does it.
 */
export function supervise(options: SuperviseOptions): Supervised {
  const [program, ...args] = tiedToUs(options.argv);
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
      const end = (code: number | null, words = stderr) => {
        if (child === one) child = undefined;
        one.stderr.destroy(); // A child of it may hold it open for long.
        resolve({ code, stderr: words });
      };
      one.on('error', (error) => end(null, error.message));
      one.on('close', (code) => end(code));
      one.on('exit', (code) => setTimeout(() => end(code), LAST_WORDS_WITHIN_MS));
    });
  }

  return {
    async stop() {
      stopping.abort();
      const pid = child?.pid;
      killGroup(pid, 'SIGTERM');
      const hardKill = setTimeout(() => killGroup(pid, 'SIGKILL'), END_WITHIN_MS);
      await watching;
      await endOfGroup(pid);
      clearTimeout(hardKill);
    },
    signal: (signal) => void child?.kill(signal),
    pid: () => child?.pid,
  };
}

/**
 * Wait a little for the children of a program that has ended (they were told too); those that do
 * not go are killed.
 */
async function endOfGroup(pid: number | undefined): Promise<void> {
  const giveUpAt = performance.now() + CHILDREN_END_WITHIN_MS;
  while (pid !== undefined && groupLives(pid)) {
    if (performance.now() > giveUpAt) return killGroup(pid, 'SIGKILL');
    await delay(20);
  }
}

function groupLives(pid: number): boolean {
  try {
    return process.kill(-pid, 0);
  } catch {
    return false;
  }
}
