import type { TreePath } from './tree-path.ts';

/** One thing in an archive's tree. */
export type Entry = FileEntry | FolderEntry | LinkEntry;

/** A regular file. Hard links are files with the same digest: who has one may link the others. */
export interface FileEntry {
  kind: 'file';
  path: TreePath;
  /** The nine permission bits. */
  mode: number;
  /** Bytes. */
  size: number;
  /** Seconds since 1970, rounded down. */
  mtime: number;
  /** 64 lower-case hexadecimal digits. */
  sha256: string;
  /** Undefined for content; for an index, when it switches (see indexOrder). */
  order: number | undefined;
}

/** A folder. All are listed, also those that are not empty; when they changed is not told. */
export interface FolderEntry {
  kind: 'folder';
  path: TreePath;
  mode: number;
}

/** A symlink. `target` is as it is on disk, bytes as in a TreePath. */
export interface LinkEntry {
  kind: 'link';
  path: TreePath;
  target: string;
  order: number | undefined;
}

/**
 * The order of entries in a manifest: by folder, then by name, both as bytes. So the entries of a
 * folder stand together. Negative, zero or positive.
 */
export function comparePaths(a: TreePath, b: TreePath): number {
  const slashA = a.lastIndexOf('/');
  const slashB = b.lastIndexOf('/');
  const folderA = slashA < 0 ? '' : a.slice(0, slashA);
  const folderB = slashB < 0 ? '' : b.slice(0, slashB);
  if (folderA !== folderB) return folderA < folderB ? -1 : 1;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** True when a mirror that has the one has the other. */
export function sameEntry(a: Entry, b: Entry): boolean {
  if (a.kind === 'file') {
    return b.kind === 'file' && sameContent(a, b) && a.mode === b.mode && a.mtime === b.mtime;
  }
  if (a.kind === 'folder') return b.kind === 'folder' && a.mode === b.mode;
  return b.kind === 'link' && a.target === b.target;
}

export function sameContent(a: FileEntry, b: FileEntry): boolean {
  return a.sha256 === b.sha256 && a.size === b.size;
}
