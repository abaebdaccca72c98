import { lstatSync, readdirSync, readlinkSync } from 'node:fs';
import { setImmediate as breathe } from 'node:timers/promises';
import { isOwnName, join, onDisk, treePath, type TreePath } from '@pushmirror/manifest';

/** Something on disk, in the order of a manifest's entries. */
export interface DiskItem {
  path: TreePath;
  kind: 'file' | 'folder' | 'link' | 'other';
  mode: number;
  size: number;
  /** Seconds since 1970, rounded down. */
  mtime: number;
  /** Of a link. */
  target?: string;
}

/**
 * Everything in a tree that is not a mirror's own metadata, in the order in which a manifest lists
 * it: folder by folder, names ascending. Links are not followed. Memory: the names of all folders.
 */
export async function* diskItems(to: string, signal: AbortSignal): AsyncGenerator<DiskItem> {
  const folders = await findFolders(to, signal);
  for (const folder of folders) {
    for (const name of namesIn(to, folder)) {
      if (isOwnName(folder, name)) continue;
      const item = lookAt(to, join(folder, name));
      if (item !== undefined) yield item;
    }
    await breathe();
    signal.throwIfAborted();
  }
}

async function findFolders(to: string, signal: AbortSignal): Promise<TreePath[]> {
  const found: TreePath[] = [''];
  for (let i = 0; i < found.length; i += 1) {
    const folder = found[i] ?? '';
    const entries = readdirSync(onDisk(to, folder), { withFileTypes: true, encoding: 'buffer' });
    for (const entry of entries) {
      const name = treePath(entry.name);
      if (entry.isDirectory() && !isOwnName(folder, name)) found.push(join(folder, name));
    }
    if (i % 200 === 199) await breathe();
    signal.throwIfAborted();
  }
  return found.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

function namesIn(to: string, folder: TreePath): string[] {
  const names = readdirSync(onDisk(to, folder), { encoding: 'buffer' }).map(treePath);
  return names.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

export function lookAt(to: string, path: TreePath): DiskItem | undefined {
  const stat = lstatSync(onDisk(to, path), { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  const shared = {
    path,
    mode: stat.mode & 0o777,
    size: stat.size,
    mtime: Math.floor(stat.mtimeMs / 1000),
  };
  if (stat.isFile()) return { ...shared, kind: 'file' };
  if (stat.isDirectory()) return { ...shared, kind: 'folder' };
  if (!stat.isSymbolicLink()) return { ...shared, kind: 'other' };
  const target = treePath(readlinkSync(onDisk(to, path), { encoding: 'buffer' }));
  return { ...shared, kind: 'link', target };
}
