import { closeSync, fsync, openSync } from 'node:fs';
import { promisify } from 'node:util';
import { HostError, run } from '@pushmirror/host';
import { onDisk, type TreePath } from '@pushmirror/manifest';
import type { SyncContext } from '../context.ts';

/** Above this many files one sync of the file system costs less than an fsync of each. */
const MOST_FSYNCS = 64;
/** The file system writes its journal once for all that wait for it. */
const AT_ONCE = 16;
const written = promisify(fsync);

/**
 * Have staged files written to the disk before they get their names, so that no crash of the
 * machine leaves an empty file in the tree.
 */
export async function writeOut(
  context: SyncContext,
  folder: string,
  paths: readonly TreePath[],
): Promise<void> {
  if (paths.length > MOST_FSYNCS) return writeAllOut(context, folder);
  let next = 0;
  const work = async () => {
    for (let path = paths[next++]; path !== undefined; path = paths[next++]) {
      const file = openSync(onDisk(folder, path), 'r');
      try {
        await written(file);
      } finally {
        closeSync(file);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

/** Where syncfs(2) does not work, the file system does as it pleases, as it does for rsync. */
async function writeAllOut(context: SyncContext, folder: string): Promise<void> {
  const { signal } = context;
  const deadlineMs = context.remainingMs();
  try {
    await run({ argv: ['sync', '--file-system', folder], deadlineMs, signal });
  } catch (error) {
    if (!(error instanceof HostError)) throw error;
  }
}
