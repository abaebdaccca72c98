import { constants } from 'node:fs';
import { chmod, lstat, mkdir, open, rename, rm, unlink, writeFile } from 'node:fs/promises';
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
  const stat = await lstat(path).catch(() => undefined);
  if (stat === undefined || !stat.isFile() || stat.size > largest) return undefined;
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await open(path, flags);
  try {
    return await file.readFile();
  } finally {
    await file.close();
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
  await replaceFile(file, data);
  await chmod(file, 0o644);
}

/** The same for a file that may be lost in a crash, since it comes again with the next sync. */
export async function writePlainTreeFile(
  to: string,
  path: string,
  data: Uint8Array,
): Promise<void> {
  const file = join(to, path);
  const beside = `${file}.new`;
  await rm(beside, { recursive: true, force: true });
  await writeFile(beside, data, { flag: 'wx', mode: 0o644 });
  await chmod(beside, 0o644);
  await rename(beside, file);
}

/** Remove a file of our own from the tree; when this resolves, it stays away. */
export async function removeTreeFile(to: string, path: string): Promise<void> {
  const file = join(to, path);
  try {
    await unlink(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  await syncFolder(dirname(file));
}

/** Make a folder that everybody may read, and those above it that are missing. */
export async function makeTreeFolder(folder: string): Promise<void> {
  const first = await mkdir(folder, { recursive: true });
  if (first === undefined) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) {
    await chmod(made, 0o755);
  }
}
