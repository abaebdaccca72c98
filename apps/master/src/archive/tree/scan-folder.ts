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
  FLAG,
  folderIsFresh,
  KIND,
  nameOf,
  nextEntry,
  NO_ORDER,
  sameFolderIdentity,
} from './block.ts';
import type { BlockWriter, NewEntry } from './block-writer.ts';
import { findFolder, type Table } from './digest-cache.ts';
import { list, look, namesOnDisk, PERMISSIONS, readTarget, typeOf } from './look.ts';
import { lookThrough, startOf, type Place, type Run } from './look-through.ts';
import { OldEntries, OldEntry } from './old-entries.ts';

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
  const fresh = itself.mtimeMs >= freshFrom || itself.ctimeMs >= freshFrom;
  const index = full ? -1 : findFolder(table, folder);
  const block = index < 0 ? -1 : (table.starts[index] ?? -1);
  const sameNames =
    block >= 0 &&
    !folderIsFresh(table.bytes, block) &&
    sameFolderIdentity(table.bytes, block, itself);
  if (sameNames) {
    const run = lookThrough(settings, folder, startOf(table.bytes, block));
    if (run.left === 0) return { ...newScanned(), ...run, sameAs: index };
    writer.begin(folder, itself, fresh);
    return scanKnown(settings, folder, startOf(table.bytes, block), run, writer);
  }
  const names = list(disk, folder);
  if (names === undefined) return undefined;
  writer.begin(folder, itself, fresh);
  return scanListed(settings, folder, new OldEntries(table.bytes, block), names, writer);
}

/** Scan a folder whose names are those of its block: `run` is as it was, then comes what is not. */
function scanKnown(
  settings: ScanSettings,
  folder: TreePath,
  start: Place,
  run: Run,
  writer: BlockWriter,
): Scanned {
  const { bytes } = settings.table;
  const scanned = newScanned();
  const entryOf = entryReader(settings, folder);
  for (let from = start; ; run = lookThrough(settings, folder, from)) {
    writer.copy(bytes, from.at, run);
    scanned.entries += run.entries;
    for (const path of run.folders) scanned.folders.push(path);
    if (run.left === 0) break;
    const before = new OldEntry(bytes, run.at);
    write(entryOf(nameOf(bytes, run.at), before), folder, writer, scanned);
    from = { at: nextEntry(bytes, run.at), left: run.left - 1 };
  }
  writer.end();
  return scanned;
}

/** Scan a folder by names that were listed anew. */
function scanListed(
  settings: ScanSettings,
  folder: TreePath,
  old: OldEntries,
  names: readonly string[],
  writer: BlockWriter,
): Scanned {
  const scanned = newScanned();
  const entryOf = entryReader(settings, folder);
  for (const name of names) {
    if (isOwnName(folder, name)) continue;
    write(entryOf(name, old.find(name)), folder, writer, scanned);
  }
  writer.end();
  return scanned;
}

function write(
  entry: NewEntry | undefined,
  folder: TreePath,
  writer: BlockWriter,
  scanned: Scanned,
): void {
  if (entry === undefined) {
    scanned.unsettled = true;
    return;
  }
  writer.add(entry);
  scanned.entries += 1;
  if (entry.kind === KIND.folder) {
    scanned.folders.push(join(folder, entry.name));
  } else if ((entry.flags & FLAG.toHash) !== 0) {
    scanned.toHash.files += 1;
    scanned.toHash.bytes += entry.size;
  }
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

function newScanned(): Scanned {
  return {
    sameAs: undefined,
    folders: [],
    entries: 0,
    toHash: { files: 0, bytes: 0 },
    unsettled: false,
  };
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
