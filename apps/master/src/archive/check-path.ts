import { realpath, stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { errnoOf, whyOf } from '@pushmirror/host';
import { MasterError } from '../errors.ts';

/**
 * Check where an archive is to be added: an absolute path of a folder that is there, apart from
 * every other archive's.
 *
 * @returns the path with all symlinks resolved, which is what is kept.
 * @throws MasterError `bad-path`
 */
export async function checkArchivePath(
  path: string,
  others: readonly { name: string; path: string }[],
): Promise<string> {
  if (!isAbsolute(path)) throw bad(`${path} is not an absolute path. Write it from the root, /...`);
  if (/\p{Cc}/u.test(path)) throw bad('The path holds control characters.');
  const real = await resolveFolder(path);
  if (real === '/') throw bad('The whole file system cannot be an archive. Give its own folder.');
  for (const other of others) {
    if (other.path === real) throw bad(`${path} is the archive ${other.name} already.`);
    if (isInside(real, other.path)) {
      throw bad(
        `${path} is inside the archive ${other.name} (${other.path}). Archives cannot nest.`,
      );
    }
    if (isInside(other.path, real)) {
      throw bad(
        `${path} is around the archive ${other.name} (${other.path}). Archives cannot nest.`,
      );
    }
  }
  return real;
}

/**
 * The same check before each publish: a disk that is not mounted must not become an empty release.
 *
 * @throws MasterError `bad-path`
 */
export async function checkArchiveStillThere(archive: {
  name: string;
  path: string;
}): Promise<void> {
  const real = await resolveFolder(archive.path);
  if (real !== archive.path) {
    throw bad(`${archive.path} of the archive ${archive.name} now leads to ${real}.`);
  }
}

async function resolveFolder(path: string): Promise<string> {
  try {
    const real = await realpath(path);
    if ((await stat(real)).isDirectory()) return real;
  } catch (cause) {
    const errno = errnoOf(cause);
    if (errno === 'ENOENT') throw bad(`${path} does not exist.`, cause);
    throw bad(`${path} cannot be read (${whyOf(cause)}).`, cause);
  }
  throw bad(`${path} is not a folder.`);
}

function isInside(path: string, folder: string): boolean {
  return path.startsWith(`${folder}/`);
}

function bad(message: string, cause?: unknown): MasterError {
  return new MasterError('bad-path', message, cause === undefined ? {} : { cause });
}
