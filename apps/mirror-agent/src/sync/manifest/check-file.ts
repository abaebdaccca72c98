import { createHash, hash } from 'node:crypto';
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  futimesSync,
  openSync,
  readSync,
} from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';
import { onDisk, type TreePath } from '@pushmirror/manifest';

/** A file that has to be of this size and digest. */
export interface Expected {
  path: TreePath;
  size: number;
  sha256: string;
  /** Given to the file once it has been found good; seconds since 1970. */
  settle?: { mode: number; mtime: number };
}

/** What a file is instead of what it has to be. */
export type Flaw = 'missing' | 'no file' | 'another size' | 'other content';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
const buffer = Buffer.allocUnsafe(256 * 1024);

/** Check one file in `folder`, streamed. Lets others have the thread now and then. */
export async function checkFile(folder: string, expected: Expected): Promise<Flaw | undefined> {
  const file = openOf(folder, expected);
  if (typeof file === 'string') return file;
  try {
    return judge(file, expected, await digestOf(file, expected.size));
  } finally {
    closeSync(file);
  }
}

/** The same at one stretch, for threads that have nothing else to do. */
export function checkFileSync(folder: string, expected: Expected): Flaw | undefined {
  const file = openOf(folder, expected);
  if (typeof file === 'string') return file;
  try {
    return judge(file, expected, digestOfSync(file, expected.size));
  } finally {
    closeSync(file);
  }
}

function openOf(folder: string, { path, size }: Expected): number | Flaw {
  let fd: number;
  try {
    fd = openSync(onDisk(folder, path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ELOOP' ? 'no file' : 'missing';
  }
  const stat = fstatSync(fd);
  if (stat.isFile() && stat.size === size) return fd;
  closeSync(fd);
  return stat.isFile() ? 'another size' : 'no file';
}

function judge(fd: number, { sha256, settle }: Expected, digest: string): Flaw | undefined {
  if (digest !== sha256) return 'other content';
  if (settle !== undefined) {
    fchmodSync(fd, settle.mode);
    futimesSync(fd, settle.mtime, settle.mtime);
  }
  return undefined;
}

/** Of at most `size` bytes and one more, so that a file that grows does not keep us. */
export async function digestOf(fd: number, size: number): Promise<string> {
  if (size < buffer.length) return digestOfSmall(fd, size);
  const sum = createHash('sha256');
  for (let at = 0; at <= size;) {
    const read = readSync(fd, buffer, 0, buffer.length, null);
    if (read === 0) break;
    sum.update(buffer.subarray(0, read));
    at += read;
    stretch += read;
    if (stretch > BYTES_A_STRETCH) {
      stretch = 0;
      await breathe();
    }
  }
  return sum.digest('hex');
}

const BYTES_A_STRETCH = 8 * 1024 * 1024;
let stretch = 0;

function digestOfSync(fd: number, size: number): string {
  if (size < buffer.length) return digestOfSmall(fd, size);
  const sum = createHash('sha256');
  for (let at = 0; at <= size;) {
    const read = readSync(fd, buffer, 0, buffer.length, null);
    if (read === 0) break;
    sum.update(buffer.subarray(0, read));
    at += read;
  }
  return sum.digest('hex');
}

/** What fits into the buffer is read at once: a read of a file is short only at its end. */
function digestOfSmall(fd: number, size: number): string {
  const read = readSync(fd, buffer, 0, size + 1, null);
  return hash('sha256', buffer.subarray(0, read), 'hex');
}
