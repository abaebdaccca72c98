import { constants, closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { errnoOf, HostError, whyOf } from './errors.ts';

const LARGEST_SECRET = 64 * 1024;

/**
 * Read a secret (a private key, a token) from its file. The file must be a regular one that only
 * its owner can read; a secret that others can read is refused, as ssh does.
 *
 * @throws HostError `secret-missing`, `secret-unreadable` or `secret-exposed`.
 */
export function readSecret(path: string): Buffer {
  const fd = openSecret(path);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() || stat.size > LARGEST_SECRET) {
      const what = stat.isDirectory() ? 'a folder' : stat.isFile() ? 'too large a file' : 'no file';
      throw new HostError('secret-unreadable', `${path} is ${what}, not that of a key or token.`);
    }
    if ((stat.mode & 0o077) !== 0) {
      const mode = (stat.mode & 0o777).toString(8).padStart(4, '0');
      throw new HostError(
        'secret-exposed',
        `${path} can be read by others (mode ${mode}). Run: chmod 600 ${path}`,
      );
    }
    return readFileSync(fd);
  } finally {
    closeSync(fd);
  }
}

function openSecret(path: string): number {
  try {
    return openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT') {
      throw new HostError('secret-missing', `${path} does not exist.`, { cause: error });
    }
    throw new HostError(
      'secret-unreadable',
      `${path} cannot be read (${whyOf(error)}). Check its owner and mode.`,
      { cause: error },
    );
  }
}
