import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fchmodSync,
  fstatSync,
  fsync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { errnoOf, HostError } from './errors.ts';

/*
 * Only the disk is waited for. All else is done at once: what takes microseconds costs many times as
 * much when it is handed to another thread and back.
 */
const written = promisify(fsync);

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
    await withFile(beside, 'wx', mode, async (file) => {
      fchmodSync(file, mode); // Whatever the umask.
      writeFileSync(file, data);
      await written(file);
    });
    renameSync(beside, path);
    await syncFolder(dirname(path));
  } catch (error) {
    removeQuietly(beside);
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
    await withFile(path, 'a', mode, async (file) => {
      const isNew = fstatSync(file).size === 0;
      writeFileSync(file, data);
      await written(file);
      if (isNew) await syncFolder(dirname(path));
    });
  } catch (error) {
    throw asWriteError(path, error);
  }
}

/** fsync a folder, which makes the renames and new names in it last. */
export function syncFolder(path: string): Promise<void> {
  return withFile(path, 'r', 0, written);
}

async function withFile(
  path: string,
  flags: string,
  mode: number,
  work: (file: number) => Promise<void>,
): Promise<void> {
  const file = openSync(path, flags, mode);
  try {
    await work(file);
  } finally {
    closeSync(file);
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // What was wrong is told already.
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
