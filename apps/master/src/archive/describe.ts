import { LIMITS, treePath, type ProfileName, type TreePath } from '@pushmirror/manifest';
import { ArchiveError } from './archive-error.ts';
import type { DescribeReply } from './tree/describe-thread.ts';
import type { Described, TreeTask } from './tree/describe-tree.ts';
import { errorReceived } from './tree/hand-words.ts';
import type { DescribeProgress } from './tree/progress.ts';
import { startThread } from './tree/start-thread.ts';

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
 * Works in threads of its own; this one stays free. One at a time for each archive.
 *
 * @throws ArchiveError; the signal's reason when it aborts.
 */
export async function describeTree(options: DescribeOptions): Promise<Described> {
  const { signal, onProgress } = options;
  signal.throwIfAborted();
  const task = await taskFor(options);
  const thread = startThread('describe-thread', task);
  let giveUp: NodeJS.Timeout | undefined;
  const stop = () => {
    thread.postMessage('stop');
    giveUp = setTimeout(() => void thread.terminate(), STOP_WITHIN_MS);
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await new Promise<Described>((resolve, reject) => {
      thread.on('message', (reply: DescribeReply) => {
        if (reply.did === 'progress') onProgress(reply.progress);
        else if (reply.did === 'describe') resolve(reply.described);
        else reject(errorReceived(reply));
      });
      thread.on('error', reject);
      thread.on('exit', () =>
        reject(new Error('The thread that describes the archive has ended.')),
      );
    });
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    clearTimeout(giveUp);
    await thread.terminate();
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
