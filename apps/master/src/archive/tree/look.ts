import { constants, lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { errnoOf } from '@pushmirror/host';
import { isAscii, onDisk, printable, type TreePath } from '@pushmirror/manifest';
import { ArchiveError } from '../archive-error.ts';

const TYPE = constants.S_IFMT;
export const PERMISSIONS = 0o777;

/** Look at a path without following a link; undefined when there is nothing. */
export function look(disk: string | Buffer, path: TreePath): Stats | undefined {
  try {
    return lstatSync(disk, { throwIfNoEntry: false });
  } catch (error) {
    if (hasGone(error)) return undefined;
    throw unreadable(path, error);
  }
}

/** The S_IFMT part of a mode. */
export function typeOf(stat: Stats): number {
  return stat.mode & TYPE;
}

/** The names in a folder, in byte order; undefined when it is no longer a folder. */
export function list(disk: string | Buffer, path: TreePath): string[] | undefined {
  try {
    return readdirSync(disk, { encoding: 'latin1' }).sort();
  } catch (error) {
    if (hasGone(error)) return undefined;
    throw unreadable(path, error);
  }
}

/** Where a link points; undefined when it is no longer a link. */
export function readTarget(disk: string | Buffer, path: TreePath): string | undefined {
  try {
    return readlinkSync(disk, { encoding: 'latin1' });
  } catch (error) {
    if (hasGone(error) || errnoOf(error) === 'EINVAL') return undefined;
    throw unreadable(path, error);
  }
}

export function hasGone(error: unknown): boolean {
  const errno = errnoOf(error);
  return errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'ELOOP';
}

export function unreadable(path: TreePath, error: unknown): ArchiveError {
  const errno = errnoOf(error) ?? String(error);
  const what = path === '' ? "The archive's folder" : printable(path);
  return new ArchiveError(
    'unreadable',
    `${what} cannot be read (${errno}). Let the master's user read it, or move it out of the archive.`,
    { cause: error },
  );
}

/** Paths of names in one folder, as node:fs wants them, made fast. */
export function namesOnDisk(root: string, folder: TreePath): (name: string) => string | Buffer {
  const prefix = folder === '' ? `${root}/` : `${root}/${folder}/`;
  if (!isAscii(folder)) return (name) => onDisk(root, `${folder}/${name}`);
  return (name) =>
    isAscii(name) ? prefix + name : onDisk(root, folder === '' ? name : `${folder}/${name}`);
}
