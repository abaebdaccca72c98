import { lstatSync } from 'node:fs';
import { folderOf, onDisk, type TreePath } from '@pushmirror/manifest';

/** Whether all folders on the way to a path are there, and none of them is a link. */
export function standsInFolders(to: string, path: TreePath): boolean {
  const folder = folderOf(path);
  if (folder === '') return true;
  if (!standsInFolders(to, folder)) return false;
  return lstatSync(onDisk(to, folder), { throwIfNoEntry: false })?.isDirectory() === true;
}
