import { constants, type Stats } from 'node:fs';
import { join, type TreePath } from '@pushmirror/manifest';
import {
  entryCount,
  firstEntry,
  FLAG,
  hasFlag,
  isSameFile,
  KIND,
  kindOf,
  modeOf,
  nameOf,
  nextEntry,
  targetOf,
  type Bytes,
} from './block.ts';
import { look, namesOnDisk, PERMISSIONS, readTarget, typeOf } from './look.ts';
import type { ScanSettings } from './scan-folder.ts';

/** A place among the entries of a block: where it is, and how many follow. */
export interface Place {
  at: number;
  left: number;
}

/** So many entries are as they were; then comes one that is not, or the end. */
export interface Run extends Place {
  entries: number;
  /** The folders among them. */
  folders: TreePath[];
}

export function startOf(bytes: Bytes, block: number): Place {
  return { at: firstEntry(bytes, block), left: entryCount(bytes, block) };
}

/**
 * Look at what a block lists, from a place up to the first entry that is not as it was. This is
 * what most of a publish is, for each of a million files, so it makes no more of a file than its
 * name.
 */
export function lookThrough(
  { root, table: { bytes } }: ScanSettings,
  folder: TreePath,
  from: Place,
): Run {
  const folders: TreePath[] = [];
  const diskName = namesOnDisk(root, folder);
  let { at, left } = from;
  for (; left > 0; left--) {
    const name = nameOf(bytes, at);
    const disk = diskName(name);
    const seen = look(disk, folder);
    if (seen === undefined || !isAsBefore(bytes, at, seen, disk, folder)) break;
    if (kindOf(bytes, at) === KIND.folder) folders.push(join(folder, name));
    at = nextEntry(bytes, at);
  }
  return { at, left, entries: from.left - left, folders };
}

function isAsBefore(
  bytes: Bytes,
  at: number,
  seen: Stats,
  disk: string | Buffer,
  folder: TreePath,
): boolean {
  const type = typeOf(seen);
  switch (kindOf(bytes, at)) {
    case KIND.file:
      return (
        type === constants.S_IFREG &&
        isSameFile(bytes, at, seen) &&
        modeOf(bytes, at) === (seen.mode & PERMISSIONS) &&
        !hasFlag(bytes, at, FLAG.toHash | FLAG.fresh)
      );
    case KIND.folder:
      return type === constants.S_IFDIR && modeOf(bytes, at) === (seen.mode & PERMISSIONS);
    default:
      return type === constants.S_IFLNK && readTarget(disk, folder) === targetOf(bytes, at);
  }
}
