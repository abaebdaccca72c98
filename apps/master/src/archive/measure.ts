import { opendir, lstat } from 'node:fs/promises';
import { isOwnName, join as joinPath, onDisk, type TreePath } from '@pushmirror/manifest';
import pLimit from 'p-limit';
import { hasGone, unreadable } from './tree/look.ts';

/** How often progress is told of. */
const EVERY_FILES = 1_000;
const LOOKS_AT_ONCE = 32;

/**
 * Count the files of an archive that is published without a manifest, and their bytes. Our own
 * metadata is left out.
 *
 * @throws ArchiveError `unreadable`; the signal's reason when it aborts.
 */
export async function measureTree(
  root: string,
  signal: AbortSignal,
  onProgress: (progress: { files: number; bytes: number }) => void,
): Promise<{ files: number; bytes: number }> {
  const sum = { files: 0, bytes: 0 };
  const limit = pLimit(LOOKS_AT_ONCE);
  const folders: TreePath[] = [''];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    signal.throwIfAborted();
    const files: TreePath[] = [];
    for await (const { path, isFolder } of contentsOf(root, folder)) {
      (isFolder ? folders : files).push(path);
    }
    await limit.map(files, async (path) => {
      sum.bytes += await sizeOf(root, path);
      sum.files += 1;
      if (sum.files % EVERY_FILES === 0) onProgress({ ...sum });
    });
  }
  return sum;
}

/** The folders and files in a folder; links and other things are not counted. */
async function* contentsOf(root: string, folder: TreePath) {
  try {
    const open = await opendir(onDisk(root, folder), { encoding: 'latin1' as BufferEncoding });
    for await (const entry of open) {
      const name = entry.name;
      if (isOwnName(folder, name)) continue;
      const isFolder = entry.isDirectory();
      if (isFolder || entry.isFile()) yield { path: joinPath(folder, name), isFolder };
    }
  } catch (error) {
    if (folder !== '' && hasGone(error)) return;
    throw unreadable(folder, error);
  }
}

async function sizeOf(root: string, path: TreePath): Promise<number> {
  try {
    return (await lstat(onDisk(root, path))).size;
  } catch (error) {
    if (hasGone(error)) return 0;
    throw unreadable(path, error);
  }
}
