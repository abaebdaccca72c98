import { access, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseTrace, type TraceFile } from '@pushmirror/trace';
import { lookArguments, type PullAs } from './arguments.ts';
import { SyncFailure } from './failure.ts';
import {
  CHANGING_FILE,
  HEAD_PATH,
  HOLD_PATH,
  MASTER_TRACE_FILE,
  SIGNERS_PATH,
  UPDATE_IN_PROGRESS,
} from './own-files.ts';
import { runRsync } from './rsync.ts';
import { LARGEST_READ, readTreeFile } from './tree-files.ts';
import type { Upstream } from './upstream-url.ts';

export { parseUpstream, type Upstream } from './upstream-url.ts';

/** How an upstream stands, by its own word: nothing of this has been verified. */
export interface UpstreamView {
  /** The bytes of its head, when it shows one. */
  head?: Buffer;
  /** The bytes of its newest hold, when it shows one. */
  hold?: Buffer;
  /** The bytes of its texts on who may sign, when it shows any. */
  signers?: Buffer;
  /** The names of those in its chain that are in a sync, without our own. */
  inProgress: string[];
  /** One of ours that stands between two releases. */
  changing: boolean;
  /** Its project/trace/master, as it stands. */
  masterTrace?: Buffer;
  /** The `Archive serial` in there, whoever wrote it. */
  archiveSerial?: string;
  /** What it says of a release of ours, where a mirror-master wrote it; dak counts by itself. */
  release?: { network: string; archive: string; serial: number };
}

export interface LookOptions {
  archive: PullAs;
  /** This mirror's name. */
  mirror: string;
  upstream: Upstream;
  /** Where the scratch folder is made, and removed again. */
  stateDir: string;
  signal: AbortSignal;
  /** Milliseconds; a minute when left out. */
  deadlineMs?: number;
}

const LOOK_DEADLINE_MS = 60_000;
const LIMITS = { memory: 2 * 1024 ** 3, file: LARGEST_READ };
/** A look brings a handful of files; an upstream that sends more is cut off. */
const MOST_FILES = 100;

/**
 * See how an upstream stands, with one call of rsync that fetches at most a few small files.
 *
 * @throws SyncFailure as `runRsync`: the upstream cannot be reached, or does not let us in.
 */
export async function lookAtUpstream(options: LookOptions): Promise<UpstreamView> {
  const { archive, mirror, upstream, stateDir } = options;
  await mkdir(stateDir, { recursive: true });
  const scratch = await mkdtemp(join(stateDir, 'look-'));
  try {
    const flood = new AbortController();
    let files = 0;
    await runRsync({
      args: lookArguments(archive, mirror, upstream, scratch),
      deadlineMs: options.deadlineMs ?? LOOK_DEADLINE_MS,
      signal: AbortSignal.any([options.signal, flood.signal]),
      limits: LIMITS,
      onStdout(chunk) {
        files += chunk.toString('latin1').split('\n').length - 1;
        if (files > MOST_FILES) flood.abort();
      },
    }).catch((error: unknown) => {
      if (!flood.signal.aborted) throw error;
      throw new SyncFailure('upstream', `it marks more than ${MOST_FILES} updates as in progress`, {
        retry: true,
      });
    });
    return await readView(scratch, mirror);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

async function readView(scratch: string, mirror: string): Promise<UpstreamView> {
  const [head, hold, signers, masterTrace, changing, names] = await Promise.all([
    readTreeFile(join(scratch, HEAD_PATH)),
    readTreeFile(join(scratch, HOLD_PATH)),
    readTreeFile(join(scratch, SIGNERS_PATH)),
    readTreeFile(join(scratch, MASTER_TRACE_FILE)),
    access(join(scratch, CHANGING_FILE)).then(
      () => true,
      () => false,
    ),
    readdir(scratch),
  ]);
  const trace: TraceFile =
    masterTrace === undefined ? {} : parseTrace(masterTrace.toString('utf8'));
  const { archiveSerial } = trace;
  const release = releaseIn(trace);
  return {
    inProgress: inProgressIn(names, mirror),
    changing,
    ...(head === undefined ? {} : { head }),
    ...(hold === undefined ? {} : { hold }),
    ...(signers === undefined ? {} : { signers }),
    ...(masterTrace === undefined ? {} : { masterTrace }),
    ...(archiveSerial === undefined ? {} : { archiveSerial }),
    ...(release === undefined ? {} : { release }),
  };
}

function releaseIn({ creator, network, archive, head }: TraceFile): UpstreamView['release'] {
  if (creator?.startsWith('pushmirror ') !== true) return undefined;
  if (network === undefined || archive === undefined || head === undefined) return undefined;
  return { network, archive, serial: head.serial };
}

/** Who is in a sync, by the marks among these names; never ourselves. */
export function inProgressIn(names: readonly string[], mirror: string): string[] {
  return names
    .filter((name) => name.startsWith(UPDATE_IN_PROGRESS))
    .map((name) => name.slice(UPDATE_IN_PROGRESS.length))
    .filter((name) => name !== mirror)
    .map((name) => (/^[A-Za-z0-9._-]{1,253}$/.test(name) ? name : '?'));
}
