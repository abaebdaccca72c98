import { spawn } from 'node:child_process';
import { HostError } from './errors.ts';

/** How to run a program: an argv array (no shell ever), a wall-clock deadline, a way to cancel. */
export interface RunOptions {
  argv: readonly [string, ...string[]];
  /** Milliseconds after which the whole process group is killed. */
  deadlineMs: number;
  signal?: AbortSignal;
  cwd?: string;
  /** The whole environment of the program; PATH and LC_ALL=C.UTF-8 when left out. */
  env?: Record<string, string>;
  stdin?: string | Uint8Array;
  /** At most this many bytes of stdout and of stderr are kept: the last ones. 64 KiB by default. */
  keepBytes?: number;
  /** Called with each chunk of stdout as it comes. */
  onStdout?: (chunk: Buffer) => void;
}

/** How it ended. `code` is null when a signal ended it. */
export interface RunResult {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** The deadline passed and the group was killed. */
  timedOut: boolean;
  /** The caller's signal aborted and the group was killed. */
  aborted: boolean;
  stdout: string;
  stderr: string;
  seconds: number;
}

const KILL_AFTER_MS = 5_000;

/**
 * Run a program to its end. It leads a process group of its own, and the group is told to end
 * (SIGTERM, then SIGKILL after 5 s) at the deadline or when `signal` aborts, so that no child of
 * a child is left behind.
 *
 * @throws HostError `program-missing` when it cannot be started. An exit code is never an error.
 */
export function run(options: RunOptions): Promise<RunResult> {
  const [program, ...args] = options.argv;
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      detached: true,
      stdio: [options.stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      env: options.env ?? plainEnvironment(),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    const stdout = tail(options.keepBytes);
    const stderr = tail(options.keepBytes);
    let timedOut = false;
    let aborted = false;
    let hardKill: NodeJS.Timeout | undefined;

    const kill = () => {
      killGroup(child.pid, 'SIGTERM');
      hardKill ??= setTimeout(() => killGroup(child.pid, 'SIGKILL'), KILL_AFTER_MS);
    };
    const deadline = setTimeout(() => {
      timedOut = true;
      kill();
    }, options.deadlineMs);
    const onAbort = () => {
      aborted = true;
      kill();
    };
    const settle = () => {
      clearTimeout(deadline);
      clearTimeout(hardKill);
      options.signal?.removeEventListener('abort', onAbort);
    };

    child.stdout?.on('data', (chunk: Buffer) => {
      stdout.push(chunk);
      options.onStdout?.(chunk);
    });
    child.stderr?.on('data', (chunk: Buffer) => stderr.push(chunk));
    child.stdin?.on('error', () => {}); // It may end before it has read everything.
    child.stdin?.end(options.stdin);
    child.on('error', (cause) => {
      settle();
      reject(new HostError('program-missing', `${program} could not be started.`, { cause }));
    });
    child.on('close', (code, signal) => {
      settle();
      const seconds = (performance.now() - started) / 1000;
      const texts = { stdout: stdout.text(), stderr: stderr.text() };
      resolve({ code, signal, timedOut, aborted, ...texts, seconds });
    });
    if (options.signal?.aborted) onAbort();
    else options.signal?.addEventListener('abort', onAbort, { once: true });
  });
}

/** The environment that programs get: where to find others, and one language for their messages. */
export function plainEnvironment(): Record<string, string> {
  const path = process.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin';
  return { PATH: path, LC_ALL: 'C.UTF-8' };
}

/** Send a signal to a whole process group; a group that has ended already is no error. */
export function killGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // It has ended.
  }
}

/** Keeps the last bytes of a stream. */
function tail(keep = 64 * 1024) {
  let chunks: Buffer[] = [];
  let size = 0;
  return {
    push(chunk: Buffer) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > keep * 2) {
        chunks = [Buffer.concat(chunks).subarray(-keep)];
        size = keep;
      }
    },
    text: () => Buffer.concat(chunks).subarray(-keep).toString('utf8'),
  };
}
