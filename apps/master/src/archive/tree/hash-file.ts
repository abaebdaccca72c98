import { createHash, hash } from 'node:crypto';
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { LIMITS, onDisk, printable, type TreePath } from '@pushmirror/manifest';
import { ArchiveError } from '../archive-error.ts';
import type { Identity } from './block.ts';
import { hasGone, PERMISSIONS, unreadable } from './look.ts';

/** A digest, and how the file was before and after it was made. */
export interface Hashed extends Identity {
  digest: Buffer;
  size: number;
  mode: number;
  /** Seconds since 1970, rounded down, within what a manifest can say. */
  mtime: number;
  /** It was changed so shortly before that another change may leave no trace in its times. */
  fresh: boolean;
}

/** How often a file is hashed again because it changed meanwhile. */
const ATTEMPTS = 5;
const CHUNK_BYTES = 1024 * 1024;
const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);

/**
 * Hash a file. When it changes meanwhile it is hashed again, a few times. Blocks the thread.
 *
 * @param freshMs how long before its digest a change must have been to be told from a later one.
 * @param onBytes told of what has been read.
 * @returns undefined when there is no such file any more.
 * @throws ArchiveError `unreadable`, `tree-changing`.
 */
export function hashFile(
  root: string,
  path: TreePath,
  freshMs: number,
  onBytes: (bytes: number) => void,
): Hashed | undefined {
  let fd: number;
  try {
    fd = openSync(onDisk(root, path), OPEN);
  } catch (error) {
    if (hasGone(error)) return undefined;
    throw unreadable(path, error);
  }
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const hashed = hashOnce(fd, freshMs, onBytes);
      if (hashed !== 'changed') return hashed;
    }
  } catch (error) {
    throw unreadable(path, error);
  } finally {
    closeSync(fd);
  }
  throw keepsChanging(path);
}

export function keepsChanging(path: TreePath): ArchiveError {
  return new ArchiveError(
    'tree-changing',
    `${path === '' ? "The archive's folder" : printable(path)} keeps changing while it is read. ` +
      'Publish when whatever writes it has finished.',
  );
}

// A file may have become a link or a FIFO since it was seen: neither follow nor wait.
const OPEN = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

function hashOnce(
  fd: number,
  freshMs: number,
  onBytes: (bytes: number) => void,
): Hashed | 'changed' | undefined {
  const freshFrom = Date.now() - freshMs;
  const before = fstatSync(fd);
  if (!before.isFile()) return undefined;
  const { size } = before;
  const digest = size <= CHUNK_BYTES ? hashSmall(fd, size) : hashLarge(fd, size, onBytes);
  if (size <= CHUNK_BYTES) onBytes(size);
  const after = fstatSync(fd);
  const { mtimeMs, ctimeMs, ino } = after;
  const same = size === after.size && before.mtimeMs === mtimeMs && before.ctimeMs === ctimeMs;
  if (digest === undefined || !same) return 'changed';
  const fresh = mtimeMs >= freshFrom || ctimeMs >= freshFrom;
  const mode = after.mode & PERMISSIONS;
  return { digest, size, mode, mtime: secondsOf(fd, mtimeMs), mtimeMs, ctimeMs, ino, fresh };
}

/** A time that shows as a whole second may be one that was rounded up to it. */
function secondsOf(fd: number, mtimeMs: number): number {
  let seconds = Math.floor(mtimeMs / 1000);
  if (mtimeMs % 1000 === 0) {
    const { mtimeNs } = fstatSync(fd, { bigint: true });
    if (mtimeNs < BigInt(seconds) * 1_000_000_000n) seconds -= 1;
  }
  return Math.max(-LIMITS.mtime, Math.min(LIMITS.mtime, seconds));
}

/** The digest of a file that fits into the chunk; undefined when it has become shorter. */
function hashSmall(fd: number, size: number): Buffer | undefined {
  for (let at = 0; at < size;) {
    const got = readSync(fd, chunk, at, size - at, at);
    if (got === 0) return undefined;
    at += got;
  }
  return hash('sha256', chunk.subarray(0, size), 'buffer');
}

function hashLarge(fd: number, size: number, onBytes: (bytes: number) => void): Buffer | undefined {
  const sum = createHash('sha256');
  for (let at = 0; at < size;) {
    const got = readSync(fd, chunk, 0, Math.min(CHUNK_BYTES, size - at), at);
    if (got === 0) return undefined;
    sum.update(chunk.subarray(0, got));
    at += got;
    onBytes(got);
  }
  return sum.digest();
}
