import {
  chmodSync,
  closeSync,
  constants,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { replaceFile, syncFolder } from '@pushmirror/host';

/** Bytes of any file that we read out of a tree, or fetch to look at; a head has 4 KiB at most. */
export const LARGEST_READ = 65_536;

/**
 * Read a small file that an upstream may have named and written.
 *
 * @returns undefined when it is not there, too large, or anything but a regular file.
 */
export async function readTreeFile(
  path: string,
  largest = LARGEST_READ,
): Promise<Buffer | undefined> {
  const stat = statOf(path);
  if (stat === undefined || !stat.isFile() || stat.size > largest) return undefined;
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  // At once: of a file this small, handing the work to another thread takes longest.
  const file = openSync(path, flags);
  try {
    return readFileSync(file);
  } finally {
    closeSync(file);
  }
}

/** What is at a path, and not where it may lead; undefined when nothing can be there. */
export function statOf(path: string | Buffer): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined; // Such as where a file stands in the way to it.
  }
}

/**
 * Write a file of our own into the tree, durably and whole or not at all. Readers and downstreams
 * must be able to read it, whatever umask the agent was started with.
 *
 * @throws HostError `disk-full` or `cannot-write`
 */
export async function writeTreeFile(
  to: string,
  path: string,
  data: string | Uint8Array,
): Promise<void> {
  const file = join(to, path);
  await makeTreeFolder(dirname(file));
  await replaceFile(file, data, 0o644);
}

/** The same for a file that may be lost in a crash, since it comes again with the next sync. */
export async function writePlainTreeFile(
  to: string,
  path: string,
  data: string | Uint8Array,
): Promise<void> {
  const file = join(to, path);
  const beside = `${file}.new`;
  rmSync(beside, { recursive: true, force: true });
  try {
    writeFileSync(beside, data, { flag: 'wx', mode: 0o644 });
    chmodSync(beside, 0o644);
    renameSync(beside, file);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
}

/** Remove a file of our own from the tree; when this resolves, it stays away. */
export async function removeTreeFile(to: string, path: string): Promise<void> {
  const file = join(to, path);
  try {
    unlinkSync(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  await syncFolder(dirname(file));
}

/** Make a folder that everybody may read, and those above it that are missing. */
export async function makeTreeFolder(folder: string): Promise<void> {
  const first = mkdirSync(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) {
    chmodSync(made, 0o755);
  }
}

/** The names in a folder; none when it is not there. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
