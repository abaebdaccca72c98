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

/** How much of a folder is as it was: its first `entries`, which end at `end` in the block. */
export interface LookedThrough {
  entries: number;
  end: number;
  /** The folders among them. */
  folders: TreePath[];
}

/**
 * Look at what a block lists, up to the first entry that is not as it was. This is what most of a
 * publish is, for each of a million files, so it makes no more of a file than its name.
 */
export function lookThrough(
  { root, table: { bytes } }: ScanSettings,
  folder: TreePath,
  block: number,
): LookedThrough {
  const folders: TreePath[] = [];
  const diskName = namesOnDisk(root, folder);
  const count = entryCount(bytes, block);
  let entries = 0;
  let at = firstEntry(bytes, block);
  for (; entries < count; entries++) {
    const name = nameOf(bytes, at);
    const disk = diskName(name);
    const seen = look(disk, folder);
    if (seen === undefined || !isAsBefore(bytes, at, seen, disk, folder)) break;
    if (kindOf(bytes, at) === KIND.folder) folders.push(join(folder, name));
    at = nextEntry(bytes, at);
  }
  return { entries, end: at, folders };
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
