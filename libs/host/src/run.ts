import { spawn } from 'node:child_process';
import { errnoOf, HostError } from './errors.ts';
import { LONGEST_TIMER_MS } from './timer.ts';
import { couldNotStart, tiedToUs } from './tied.ts';

/** How to run a program: an argv array (no shell ever), a wall-clock deadline, a way to cancel. */
export interface RunOptions {
  argv: readonly [string, ...string[]];
  /** Milliseconds after which the whole process group is killed. */
  deadlineMs: number;
  signal?: AbortSignal;
  /** Milliseconds between SIGTERM and SIGKILL; 5,000 by default. */
  killAfterMs?: number;
  cwd?: string;
  /** The whole environment of the program; PATH and LC_ALL=C.UTF-8 when left out. */
  env?: Record<string, string>;
  stdin?: string | Uint8Array;
  /** At most this many bytes of stdout and of stderr are kept: the last ones. 64 KiB by default. */
  keepBytes?: number;
  /** Called with each chunk as it comes. */
  onStdout?: (chunk: Buffer) => void;
  onStderr?: (chunk: Buffer) => void;
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
 * (SIGTERM, then SIGKILL later, or to what is left when the program has ended) at the deadline
 * or when `signal` aborts, so that no child of a child is left behind. When we die ourselves, so
 * does the program.
 *
 * @throws HostError `program-missing` when it cannot be started. An exit code is never an error.
 */
export function run(options: RunOptions): Promise<RunResult> {
  const [program, ...args] = tiedToUs(options.argv);
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
      hardKill ??= setTimeout(() => {
        killGroup(child.pid, 'SIGKILL');
        // Whoever left the group and still holds our pipes must not keep us waiting.
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, options.killAfterMs ?? KILL_AFTER_MS);
    };
    const deadline = setTimeout(
      () => {
        timedOut = true;
        kill();
      },
      Math.min(options.deadlineMs, LONGEST_TIMER_MS),
    );
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
    child.stderr?.on('data', (chunk: Buffer) => {
      stderr.push(chunk);
      options.onStderr?.(chunk);
    });
    child.stdin?.on('error', () => {}); // It may end before it has read everything.
    child.stdin?.end(options.stdin);
    child.on('error', (cause) => {
      settle();
      reject(notStarted(options.argv[0], errnoOf(cause), cause));
    });
    child.on('close', (code, signal) => {
      settle();
      if (timedOut || aborted) killGroup(child.pid, 'SIGKILL');
      const seconds = (performance.now() - started) / 1000;
      const texts = { stdout: stdout.text(), stderr: stderr.text() };
      if (couldNotStart(code, texts.stderr)) {
        return reject(notStarted(options.argv[0], texts.stderr.trim()));
      }
      return resolve({ code, signal, timedOut, aborted, ...texts, seconds });
    });
    if (options.signal?.aborted) onAbort();
    else options.signal?.addEventListener('abort', onAbort, { once: true });
  });
}

function notStarted(program: string, why?: string, cause?: unknown): HostError {
  const message = `${program} could not be started (${why ?? 'unknown'}). Is it installed?`;
  return new HostError('program-missing', message, { cause });
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
  const last = (bytes: Buffer) => bytes.subarray(Math.max(0, bytes.length - keep));
  return {
    push(chunk: Buffer) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > keep * 2) {
        chunks = [last(Buffer.concat(chunks))];
        size = keep;
      }
    },
    text: () => last(Buffer.concat(chunks)).toString('utf8'),
  };
}
