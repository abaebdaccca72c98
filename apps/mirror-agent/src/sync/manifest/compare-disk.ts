import { closeSync, constants, openSync } from 'node:fs';
import {
  comparePaths,
  entriesOf,
  onDisk,
  whyUnsafeLink,
  type Entry,
  type ReadBucket,
  type Root,
  type Selection,
} from '@pushmirror/manifest';
import { digestOf } from './check-file.ts';
import { diskItems, type DiskItem } from './disk.ts';

/** A path on disk, in the release, or both. */
export interface Compared {
  path: string;
  /** As it is on disk. */
  found?: Entry;
  /** As it should be. */
  wanted?: Entry;
}

export interface CompareOptions {
  to: string;
  root: Root;
  read: ReadBucket;
  /** What of the release should be there. */
  selected: Selection;
  /** Whether a file that looks right by its size and time is read nevertheless. */
  reads: (path: string) => boolean;
  signal: AbortSignal;
  onRead?: (bytes: number) => void;
}

/** Stands for what no manifest can list: devices, sockets, links that leave the tree. */
const NOT_LISTABLE = '.pushmirror-not-listable';

/** Go through the disk and a release side by side. Every path of either comes out, in order. */
export async function* compareDisk(options: CompareOptions): AsyncGenerator<Compared> {
  const { to, root, read, selected, signal } = options;
  const disk = diskItems(to, signal);
  const release = selectedEntries(root, read, selected);
  let item = await take(disk);
  let wanted = await take(release);
  while (item !== undefined || wanted !== undefined) {
    const order =
      item === undefined ? 1 : wanted === undefined ? -1 : comparePaths(item.path, wanted.path);
    const both = order === 0 ? wanted : undefined;
    const compared: Compared = { path: (order <= 0 ? item?.path : wanted?.path) ?? '' };
    if (order <= 0 && item !== undefined) compared.found = await describe(options, item, both);
    if (order >= 0 && wanted !== undefined) compared.wanted = wanted;
    yield compared;
    if (order <= 0) item = await take(disk);
    if (order >= 0) wanted = await take(release);
  }
}

async function* selectedEntries(root: Root, read: ReadBucket, selected: Selection) {
  for await (const entry of entriesOf(root, read)) {
    if (selected(entry.path, entry.kind === 'folder')) yield entry;
  }
}

async function take<T>(from: AsyncGenerator<T>): Promise<T | undefined> {
  const next = await from.next();
  return next.done === true ? undefined : next.value;
}

async function describe(
  options: CompareOptions,
  item: DiskItem,
  wanted: Entry | undefined,
): Promise<Entry> {
  const { path, mode } = item;
  if (item.kind === 'folder') return { kind: 'folder', path, mode };
  if (item.kind !== 'file') {
    const target = item.target ?? '';
    const listable = item.kind === 'link' && whyUnsafeLink(path, target) === undefined;
    return { kind: 'link', path, target: listable ? target : NOT_LISTABLE, order: undefined };
  }
  const { size, mtime } = item;
  const looksRight =
    wanted?.kind === 'file' && wanted.size === size && wanted.mtime === mtime ? wanted : undefined;
  const sha256 =
    looksRight !== undefined && !options.reads(path)
      ? looksRight.sha256
      : await readDigest(options, item);
  return { kind: 'file', path, mode, size, mtime, sha256, order: undefined };
}

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;
/** Of a file that cannot be read: no content has it. */
const NO_DIGEST = '0'.repeat(64);

async function readDigest({ to, onRead }: CompareOptions, item: DiskItem): Promise<string> {
  onRead?.(item.size);
  let fd: number;
  try {
    fd = openSync(onDisk(to, item.path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch {
    return NO_DIGEST;
  }
  try {
    return await digestOf(fd, item.size);
  } catch {
    return NO_DIGEST;
  } finally {
    closeSync(fd);
  }
}
