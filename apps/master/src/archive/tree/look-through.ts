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

/**
 * Look at everything that a block lists. This is what most of a publish is, for each of a million
 * files, so it makes no more of a file than its name.
 *
 * @returns the folders among it; undefined as soon as anything is not as it was.
 */
export function lookThrough(
  { root, table: { bytes } }: ScanSettings,
  folder: TreePath,
  block: number,
): { folders: TreePath[]; entries: number } | undefined {
  const folders: TreePath[] = [];
  const diskName = namesOnDisk(root, folder);
  const entries = entryCount(bytes, block);
  let at = firstEntry(bytes, block);
  for (let left = entries; left > 0; left--) {
    const name = nameOf(bytes, at);
    const disk = diskName(name);
    const seen = look(disk, folder);
    if (seen === undefined || !isAsBefore(bytes, at, seen, disk, folder)) return undefined;
    if (kindOf(bytes, at) === KIND.folder) folders.push(join(folder, name));
    at = nextEntry(bytes, at);
  }
  return { folders, entries };
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
