import type { Worker } from 'node:worker_threads';
import { LIMITS, treePath, type ProfileName, type TreePath } from '@pushmirror/manifest';
import { ArchiveError } from './archive-error.ts';
import type { DescribeOrder, DescribeReply } from './tree/describe-thread.ts';
import type { Described, TreeTask } from './tree/describe-tree.ts';
import { errorReceived } from './tree/hand-words.ts';
import type { DescribeProgress } from './tree/progress.ts';
import { Threads } from './tree/threads.ts';

export type { Described, DescribeProgress };

export interface DescribeOptions {
  /** The archive's folder: an absolute path. */
  root: string;
  /** A folder of its own for what is remembered of this archive; losing it costs time only. */
  cacheDir: string;
  profile: ProfileName;
  network: string;
  archive: string;
  epoch: number;
  serial: number;
  /** How many files, links and folders a release may drop; `allowDelete` raises it this once. */
  deleteLimit: number;
  allowDelete?: number;
  /** The only paths that may have changed, relative to `root`; a text is UTF-8. Skips the scan. */
  changed?: AsyncIterable<string | Uint8Array>;
  /** Trust no digest that is remembered. */
  full?: boolean;
  /** Digests of roots that a head still names, besides the one in the tree: they are kept. */
  keep?: readonly string[];
  /** By default 2000: changes this recent are hashed again next time, see hash-file.ts. */
  freshMs?: number;
  onProgress: (progress: DescribeProgress) => void;
  signal: AbortSignal;
}

/** How long a publish that is called off may take to note what it has hashed. */
const STOP_WITHIN_MS = 10_000;

/**
 * Describe an archive's tree: scan it, hash what changed, and write its manifest under
 * `project/pushmirror`, with copies of its indexes. When this resolves, all of that is on the disk
 * for good, and nothing names it yet: signing the head does.
 *
 * Works in threads of its own, which are kept for the next time; this one stays free. One at a time
 * for each archive.
 *
 * @throws ArchiveError; the signal's reason when it aborts.
 */
export async function describeTree(options: DescribeOptions): Promise<Described> {
  const { signal, onProgress } = options;
  signal.throwIfAborted();
  const task = await taskFor(options);
  signal.throwIfAborted();
  const thread = threads.take();
  try {
    const described = await ask(thread, task, onProgress, signal);
    if (described.files <= FILES_KEPT) threads.keep(thread);
    else void thread.terminate();
    return described;
  } catch (error) {
    await thread.terminate(); // It may still be at it.
    signal.throwIfAborted();
    throw error;
  }
}

/** A thread that is kept keeps some of what it saw, too, until its memory is tidied. */
const FILES_KEPT = 500_000;
const threads = new Threads('describe-thread', 1);

async function ask(
  thread: Worker,
  task: TreeTask,
  onProgress: DescribeOptions['onProgress'],
  signal: AbortSignal,
): Promise<Described> {
  const tell = (order: DescribeOrder) => thread.postMessage(order);
  const listening = new AbortController();
  let giveUp: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Described>((resolve, reject) => {
      const onMessage = (reply: DescribeReply) => {
        if (reply.did === 'progress') onProgress(reply.progress);
        else if (reply.did === 'describe') resolve(reply.described);
        else reject(errorReceived(reply));
      };
      const onExit = () => reject(new Error('The thread that describes the archive has ended.'));
      const onAbort = () => {
        tell({ do: 'stop' });
        giveUp = setTimeout(() => void thread.terminate(), STOP_WITHIN_MS);
      };
      thread.on('message', onMessage).on('error', reject).on('exit', onExit);
      signal.addEventListener('abort', onAbort, { signal: listening.signal });
      listening.signal.addEventListener('abort', () => {
        thread.off('message', onMessage).off('error', reject).off('exit', onExit);
      });
      tell({ do: 'describe', task });
    });
  } finally {
    clearTimeout(giveUp);
    listening.abort();
  }
}

async function taskFor(o: DescribeOptions): Promise<TreeTask> {
  const { root, cacheDir, profile, network, archive, epoch, serial, deleteLimit } = o;
  return {
    root,
    cacheDir,
    profile,
    network,
    archive,
    epoch,
    serial,
    deleteLimit,
    allowDelete: o.allowDelete,
    changed: o.changed === undefined ? undefined : await collect(o.changed),
    full: o.full ?? false,
    keep: o.keep ?? [],
    freshMs: o.freshMs ?? 2_000,
  };
}

async function collect(paths: AsyncIterable<string | Uint8Array>): Promise<TreePath[]> {
  const all: TreePath[] = [];
  for await (const path of paths) {
    if (all.length === LIMITS.entries) {
      const what = `The list of changes has more than ${LIMITS.entries} paths.`;
      throw new ArchiveError('too-large', `${what} Publish without it; the tree is then scanned.`);
    }
    all.push(treePath(path));
  }
  return all;
}
