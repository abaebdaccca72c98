import { constants } from 'node:fs';
import {
  folderOf,
  isOwnPath,
  onDisk,
  printable,
  whyUnsafePath,
  type TreePath,
} from '@pushmirror/manifest';
import { ArchiveError } from '../archive-error.ts';
import { look, typeOf } from './look.ts';
import type { TreeState } from './tree-state.ts';

/**
 * The folders to look at for these changed paths: each path's own folder, or the nearest above it
 * that was there before and still is. A path that is itself a folder is looked at with all that is
 * in it: what the state knew of it is forgotten.
 *
 * @throws ArchiveError `unsafe-path` for a path that is none of this tree's.
 */
export function changedFolders(
  root: string,
  state: TreeState,
  paths: readonly TreePath[],
): TreePath[] {
  const folders = new Set<TreePath>();
  for (const listed of paths) {
    const path = listed.replace(/^(\.\/)+|\/+$/g, '');
    if (path === '' || path === '.') {
      state.drop('');
      folders.add('');
      continue;
    }
    if (isOwnPath(path)) continue;
    const why = whyUnsafePath(path);
    if (why !== undefined) throw notOfTheTree(listed, why);
    if (isFolder(root, path)) state.drop(path);
    let folder = folderOf(path);
    while (folder !== '' && !(state.get(folder) !== undefined && isFolder(root, folder))) {
      folder = folderOf(folder);
    }
    folders.add(folder);
  }
  return [...folders];
}

function isFolder(root: string, path: TreePath): boolean {
  const seen = look(onDisk(root, path), path);
  return seen !== undefined && typeOf(seen) === constants.S_IFDIR;
}

function notOfTheTree(path: TreePath, why: string): ArchiveError {
  return new ArchiveError(
    'unsafe-path',
    `The list of changes has ${printable(path)}, which cannot be in the archive: ${why}. ` +
      "Paths are relative to the archive's folder.",
  );
}
