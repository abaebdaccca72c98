import { constants } from 'node:fs';
import { folderOf, onDisk, type TreePath } from '@pushmirror/manifest';
import { folderPath, sameFolderIdentity } from './block.ts';
import { look, typeOf } from './look.ts';
import type { TreeState } from './tree-state.ts';

/**
 * Folders in which a name came, went or was replaced since we looked: their times tell. Quick, so
 * it blocks. `all`: look at every folder, not only at those that were looked at in this publish.
 */
export function unsettledFolders(root: string, state: TreeState, all: boolean): TreePath[] {
  const unsettled: TreePath[] = [];
  for (const { bytes, at, changed } of state.blocks()) {
    if (!all && !changed) continue;
    const folder = folderPath(bytes, at);
    const now = look(onDisk(root, folder), folder);
    if (now === undefined || typeOf(now) !== constants.S_IFDIR) unsettled.push(folderOf(folder));
    else if (!sameFolderIdentity(bytes, at, now)) unsettled.push(folder);
  }
  return unsettled;
}
