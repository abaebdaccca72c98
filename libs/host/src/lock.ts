import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { HostError } from './errors.ts';

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
 * @returns the lock, or undefined when another process holds it.
 * @throws HostError `program-missing` without flock(1).
 */
export function lockFolder(path: string): FolderLock | undefined {
  const fd = openSync(path, 'r');
  const flock = spawnSync('flock', ['--exclusive', '--nonblock', '3'], {
    stdio: ['ignore', 'ignore', 'ignore', fd],
  });
  if (flock.status === 0) {
    return { release: () => closeSync(fd) };
  }
  closeSync(fd);
  if (flock.error !== undefined) {
    throw new HostError('program-missing', 'flock was not found. Install util-linux.', {
      cause: flock.error,
    });
  }
  return undefined;
}
