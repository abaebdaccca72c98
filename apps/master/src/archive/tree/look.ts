import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { errnoOf } from '@pushmirror/host';
import { isAscii, onDisk, printable, type TreePath } from '@pushmirror/manifest';
import { ArchiveError } from '../archive-error.ts';
import type { Identity } from './block.ts';

/** What a look at one path shows. `type` is the S_IFMT part of its mode. */
export interface Look extends Identity {
  type: number;
  /** The nine permission bits. */
  mode: number;
  size: number;
}

const TYPE_BITS = 0o170000;

/** Look at a path without following a link; undefined when there is nothing. */
export function look(disk: string | Buffer, path: TreePath): Look | undefined {
  try {
    const stat = lstatSync(disk, { bigint: true, throwIfNoEntry: false });
    if (stat === undefined) return undefined;
    const { mtimeNs, ctimeNs, ino } = stat;
    const mode = Number(stat.mode);
    const size = Number(stat.size);
    return { type: mode & TYPE_BITS, mode: mode & 0o777, size, mtimeNs, ctimeNs, ino };
  } catch (error) {
    throw unreadable(path, error);
  }
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
