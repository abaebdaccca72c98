import { constants } from 'node:fs';
import {
  hashFolder,
  indexOrder,
  isOwnName,
  join,
  LIMITS,
  mayCutAfter,
  onDisk,
  printable,
  whyUnsafeLink,
  type ProfileName,
  type TreePath,
} from '@pushmirror/manifest';
import { ArchiveError } from '../archive-error.ts';
import {
  entryCount,
  firstEntry,
  FLAG,
  folderIsFresh,
  KIND,
  NO_ORDER,
  sameFolderIdentity,
} from './block.ts';
import type { BlockWriter, NewEntry } from './block-writer.ts';
import { findFolder, type Table } from './digest-cache.ts';
import { list, look, namesOnDisk, PERMISSIONS, readTarget, typeOf } from './look.ts';
import { lookThrough, type LookedThrough } from './look-through.ts';
import { OldEntries, type OldEntry } from './old-entries.ts';

/** What scanning goes by. */
export interface ScanSettings {
  /** The archive's folder. */
  root: string;
  profile: ProfileName;
  /** What was known before. */
  table: Table;
  /** Trust none of it. */
  full: boolean;
}

/** What a folder turned out to be. */
export interface Scanned {
  /** Where the table has exactly this; undefined when it was written as a block. */
  sameAs: number | undefined;
  /** The folders in it. */
  folders: TreePath[];
  entries: number;
  toHash: { files: number; bytes: number };
  /** Something went while we looked. */
  unsettled: boolean;
}

/**
 * Look at a folder and everything in it. If all is as it was, say so; if not, write it down, with
 * the digests of files that have not been touched since they were hashed. Blocks the thread.
 *
 * The names are not listed again when the folder's own times show that none came or went.
 *
 * @param freshFrom what was changed after this (ms since 1970) may change again without a trace.
 * @returns undefined when it is no folder any more.
 * @throws ArchiveError `unreadable`, `unsafe-path`, `unsafe-link`, `odd-file`.
 */
export function scanFolder(
  settings: ScanSettings,
  folder: TreePath,
  writer: BlockWriter,
  freshFrom: number,
): Scanned | undefined {
  const { root, table, full } = settings;
  const disk = onDisk(root, folder);
  const itself = look(disk, folder);
  if (itself === undefined || typeOf(itself) !== constants.S_IFDIR) return undefined;
  const index = full ? -1 : findFolder(table, folder);
  const block = index < 0 ? -1 : (table.starts[index] ?? -1);
  const sameNames =
    block >= 0 &&
    !folderIsFresh(table.bytes, block) &&
    sameFolderIdentity(table.bytes, block, itself);
  const same = sameNames ? lookThrough(settings, folder, block) : undefined;
  const scanned = newScanned(same);
  if (same !== undefined && same.entries === entryCount(table.bytes, block)) {
    return { ...scanned, sameAs: index };
  }
  const old = new OldEntries(table.bytes, block, same);
  const names = same === undefined ? list(disk, folder) : old.names();
  if (names === undefined) return undefined;

  const entryOf = entryReader(settings, folder);
  writer.begin(folder, itself, itself.mtimeMs >= freshFrom || itself.ctimeMs >= freshFrom);
  if (same !== undefined) writer.copy(table.bytes, firstEntry(table.bytes, block), same);
  for (const name of names) {
    if (isOwnName(folder, name)) continue;
    const entry = entryOf(name, old.find(name));
    if (entry === undefined) scanned.unsettled = true;
    else {
      writer.add(entry);
      count(scanned, entry, folder);
    }
  }
  writer.end();
  return scanned;
}

/** Makes the entries of one folder. An entry is undefined when what it names has gone. */
function entryReader({ root, profile }: ScanSettings, folder: TreePath) {
  const hash = hashFolder(folder);
  const diskName = namesOnDisk(root, folder);

  return (name: string, before: OldEntry | undefined): NewEntry | undefined => {
    const path = join(folder, name);
    if (path.length > LIMITS.pathBytes) throw tooLong(path);
    const disk = diskName(name);
    const seen = look(disk, path);
    if (seen === undefined) return undefined;
    const kind = kindFor(typeOf(seen), path);
    const target = kind === KIND.link ? linkTarget(disk, path) : '';
    if (target === undefined) return undefined;

    const mayCut = before?.mayCut ?? mayCutAfter(hash, name);
    const flags = mayCut ? FLAG.mayCut : 0;
    const mode = seen.mode & PERMISSIONS;
    if (kind === KIND.folder) return { ...NOTHING, kind, flags, mode, name };
    const order = orderFor(profile, path, before);
    if (kind === KIND.link) return { ...NOTHING, kind, flags, order, name, target };
    const { size, mtimeMs, ctimeMs, ino } = seen;
    const same = before?.isStill(seen) === true;
    // The seconds are told exactly with the digest.
    const mtime = same ? before.mtime : 0;
    const file = { kind, order, mode, size, mtimeMs, ctimeMs, ino, mtime, name, target };
    if (same) return { ...file, flags, digestFrom: before };
    return { ...file, flags: flags | FLAG.toHash };
  };
}

/** What does not matter of a folder or a link. */
const NOTHING = {
  order: NO_ORDER,
  mode: 0,
  size: 0,
  mtimeMs: 0,
  ctimeMs: 0,
  ino: 0,
  mtime: 0,
  target: '',
};

function newScanned(same: LookedThrough | undefined): Scanned {
  const { folders, entries } = same ?? { folders: [], entries: 0 };
  return {
    sameAs: undefined,
    folders,
    entries,
    toHash: { files: 0, bytes: 0 },
    unsettled: false,
  };
}

function count(scanned: Scanned, entry: NewEntry, folder: TreePath): void {
  scanned.entries += 1;
  if (entry.kind === KIND.folder) {
    scanned.folders.push(join(folder, entry.name));
  } else if ((entry.flags & FLAG.toHash) !== 0) {
    scanned.toHash.files += 1;
    scanned.toHash.bytes += entry.size;
  }
}

function kindFor(type: number, path: TreePath): number {
  if (type === constants.S_IFREG) return KIND.file;
  if (type === constants.S_IFDIR) return KIND.folder;
  if (type === constants.S_IFLNK) return KIND.link;
  const what = ODD.get(type) ?? 'of a kind that cannot be mirrored';
  throw new ArchiveError(
    'odd-file',
    `${printable(path)} is ${what}; an archive has files, folders and symlinks. Move it out of the archive.`,
  );
}

const ODD = new Map([
  [constants.S_IFIFO, 'a FIFO'],
  [constants.S_IFSOCK, 'a socket'],
  [constants.S_IFCHR, 'a device'],
  [constants.S_IFBLK, 'a device'],
]);

function orderFor(profile: ProfileName, path: TreePath, before: OldEntry | undefined): number {
  if (before !== undefined && !before.isFolder) return before.order;
  return indexOrder(profile, path) ?? NO_ORDER;
}

function linkTarget(disk: string | Buffer, path: TreePath): string | undefined {
  const target = readTarget(disk, path);
  const why = target === undefined ? undefined : whyUnsafeLink(path, target);
  if (why === undefined) return target;
  throw new ArchiveError(
    'unsafe-link',
    `The link ${printable(path)} -> ${printable(target ?? '')} is refused: ${why}. ` +
      'Mirrors take links only to what is in the archive; change it, or remove it.',
  );
}

function tooLong(path: TreePath): ArchiveError {
  return new ArchiveError(
    'unsafe-path',
    `The path ${printable(path)} is longer than ${LIMITS.pathBytes} bytes, which is more than a mirror takes.`,
  );
}
