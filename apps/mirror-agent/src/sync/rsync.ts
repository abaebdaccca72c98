import { run } from '@pushmirror/host';
import { meaningOf, type Meaning } from './exit-codes.ts';
import { SyncFailure, type RsyncEnd } from './failure.ts';
import { parseProgress, parseReceived, type Progress } from './stats.ts';

export interface RsyncOptions {
  args: readonly string[];
  /** Milliseconds until the whole process group is ended, whatever rsync's own timeouts say. */
  deadlineMs: number;
  signal: AbortSignal;
  /** Bytes of memory and of any one file, for calls that must stay small. */
  limits?: { memory: number; file: number };
  stdin?: Uint8Array;
  /** Something amiss with single files (code 23) is no failure. */
  partly?: boolean;
  onStdout?: (chunk: Buffer) => void;
  onProgress?: (progress: Progress) => void;
}

/** A call of rsync that went well. */
export interface RsyncDone {
  /** Received over the wire. */
  bytes: number;
  seconds: number;
  /** How it ended, where something was amiss with single files. */
  amiss?: RsyncEnd;
}

const LINES_KEPT = 20;
/** When rsync has told of its own error, it reads on until its peer ends, which may be never. */
const ENDS_WITHIN_MS = 3_000;

/**
 * Run rsync to its end, in a process group of its own. It ends when this process dies (see `run`),
 * so that a killed agent leaves no rsync behind that works on the tree of the next.
 *
 * @throws SyncFailure `deadline`, `stopped`, or `rsync` as `meaningOf` its exit code says.
 */
export async function runRsync(options: RsyncOptions): Promise<RsyncDone> {
  const { limits, onStdout, onProgress } = options;
  const rsync = ['rsync', ...options.args] as const;
  const limited =
    limits === undefined
      ? rsync
      : (['prlimit', `--as=${limits.memory}`, `--fsize=${limits.file}`, '--', ...rsync] as const);
  const overdue = new AbortController();
  let ending: NodeJS.Timeout | undefined;
  const result = await run({
    argv: limited,
    deadlineMs: options.deadlineMs,
    signal: AbortSignal.any([options.signal, overdue.signal]),
    ...(options.stdin === undefined ? {} : { stdin: options.stdin }),
    onStdout(chunk) {
      onStdout?.(chunk);
      const progress = onProgress && parseProgress(chunk.toString('latin1'));
      if (progress !== undefined) onProgress?.(progress);
    },
    onStderr(chunk) {
      if (!chunk.includes('rsync error: ')) return;
      ending ??= setTimeout(() => overdue.abort(), ENDS_WITHIN_MS);
    },
  }).finally(() => clearTimeout(ending));
  const lines = lastLines(result.stderr);
  const end = { code: overdue.signal.aborted ? codeIn(lines) : result.code, lines };
  if (result.timedOut) {
    const after = Math.round(result.seconds);
    throw new SyncFailure(
      'deadline',
      `rsync was ended after ${after} s: the deadline had passed. Raise it, or look at why the upstream is slow.`,
      { retry: true, rsync: end },
    );
  }
  if (result.aborted && !overdue.signal.aborted) {
    throw new SyncFailure('stopped', 'The sync was stopped.', { retry: true, rsync: end });
  }
  const done = { bytes: parseReceived(result.stdout), seconds: result.seconds };
  if (options.partly === true && end.code === PARTLY) return { ...done, amiss: end };
  const meaning = meaningOf(stoppedDeleting(end) ? DELETE_LIMIT : end.code);
  if (meaning.verdict !== 'ok') throw asFailure(end, meaning);
  return done;
}

/** Whether rsync's last lines speak of a disk that is full. */
export function speaksOfFullDisk(end: RsyncEnd): boolean {
  return end.lines.some((line) => /No space left on device|Disk quota exceeded/i.test(line));
}

const PARTLY = 23;
const DELETE_LIMIT = 25;

/** Codes 23 and 24 win over 25, so that the limit may have been met with any of them. */
function stoppedDeleting(end: RsyncEnd): boolean {
  return end.lines.some((line) => line.startsWith('Deletions stopped due to --max-delete limit'));
}

function asFailure(rsync: RsyncEnd, { verdict, sentence }: Meaning): SyncFailure {
  const how = rsync.code === null ? 'rsync ended' : `rsync ended with code ${rsync.code}`;
  // The first line says what went wrong; the last one, where in rsync's source that was noticed.
  const detail = rsync.lines.find((line) => !line.startsWith('rsync error:'));
  const said = detail === undefined ? '' : ` It said: ${detail}`;
  return new SyncFailure('rsync', `${how}: ${sentence}${said}`, {
    retry: verdict === 'retry',
    rsync,
  });
}

/** The exit code that rsync was on its way to. */
function codeIn(lines: readonly string[]): number | null {
  const last = lines.findLast((line) => line.startsWith('rsync error:'));
  const code = Number(/\(code (\d+)\)/.exec(last ?? '')?.[1]);
  return Number.isInteger(code) ? code : null;
}

/** The last lines of what rsync said: text from outside, so without control characters. */
function lastLines(stderr: string): string[] {
  return stderr
    .split(/[\r\n]+/)
    .map((line) =>
      line
        .replaceAll(/\p{Cc}/gu, '?')
        .trim()
        .slice(0, 500),
    )
    .filter((line) => line !== '')
    .slice(-LINES_KEPT);
}
