import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { errnoOf, HostError } from './errors.ts';
import { plainEnvironment } from './run.ts';

/** A folder held for one process; `release` lets go, and so does the death of the process. */
export interface FolderLock {
  release(): void;
}

/**
 * Lock a folder itself with flock(2), so that there is no lock file to delete or to leave behind.
 *
 * Node has no flock; flock(1) of util-linux takes the lock on a descriptor it shares with us (a
 * lock belongs to the open file description, see flock(2)), and it stays ours when flock(1) ends.
 *
 * @returns the lock, or undefined when somebody else holds it (also within this process).
 * @throws HostError `program-missing` without flock(1), `cannot-write` when the folder cannot be
 * opened or its file system has no locks.
 */
export function lockFolder(path: string): FolderLock | undefined {
  let fd: number | undefined = openFolder(path);
  const release = () => {
    if (fd !== undefined) closeSync(fd);
    fd = undefined;
  };
  const flock = spawnSync('flock', ['--exclusive', '--nonblock', '3'], {
    stdio: ['ignore', 'ignore', 'ignore', fd],
    env: plainEnvironment(), // To copy all of ours costs as much as to start it.
  });
  if (flock.status === 0) return { release };
  release();
  if (flock.status === 1) return undefined;
  if (flock.error !== undefined) {
    throw new HostError('program-missing', 'flock was not found. Install util-linux.', {
      cause: flock.error,
    });
  }
  const why = `flock ended with ${flock.status ?? flock.signal}`;
  throw new HostError('cannot-write', `${path} could not be locked (${why}).`);
}

function openFolder(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    const why = errnoOf(cause) ?? String(cause);
    throw new HostError('cannot-write', `${path} could not be locked (${why}).`, { cause });
  }
}
