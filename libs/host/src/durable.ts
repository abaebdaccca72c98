import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf, HostError } from './errors.ts';

/**
 * Replace a file so that after any crash it holds either all of the old bytes or all of the new:
 * write beside it, fsync, rename, fsync the folder. When this resolves, the bytes are on the disk.
 *
 * @throws HostError `disk-full` or `cannot-write`; the old file is then untouched.
 */
export async function replaceFile(
  path: string,
  data: string | Uint8Array,
  mode = 0o644,
): Promise<void> {
  const beside = `${path}.${randomBytes(6).toString('hex')}.new`;
  try {
    const file = await open(beside, 'wx', mode);
    try {
      await file.chmod(mode); // Whatever the umask.
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(beside, { force: true }).catch(() => {});
    throw asWriteError(path, error);
  }
}

/**
 * Append to a file (made when missing) and fsync it before saying so.
 *
 * @throws HostError `disk-full` or `cannot-write`; a torn last line may then be left behind.
 */
export async function appendToFile(path: string, data: string, mode = 0o644): Promise<void> {
  try {
    const file = await open(path, 'a', mode);
    try {
      const isNew = (await file.stat()).size === 0;
      await file.appendFile(data);
      await file.sync();
      if (isNew) await syncFolder(dirname(path));
    } finally {
      await file.close();
    }
  } catch (error) {
    throw asWriteError(path, error);
  }
}

/** fsync a folder, which makes the renames and new names in it last. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function asWriteError(path: string, error: unknown): HostError {
  const errno = errnoOf(error);
  if (errno === 'ENOSPC' || errno === 'EDQUOT') {
    return new HostError(
      'disk-full',
      `The disk is full: ${path} could not be written. Free some space.`,
      { cause: error },
    );
  }
  return new HostError(
    'cannot-write',
    `${path} could not be written (${errno ?? String(error)}).`,
    {
      cause: error,
    },
  );
}
