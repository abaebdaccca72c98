import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  bucketName,
  Cutter,
  encodeBucket,
  encodeRoot,
  folderOf,
  hashFolder,
  mayCutAfter,
  nameOf,
  rootName,
  type BucketRef,
  type Entry,
  type ReadBucket,
  type Root,
  type RootRef,
  type Selection,
} from '@pushmirror/manifest';
import { compareDisk } from './compare-disk.ts';

/** A release made of what the disk holds, so that moving on from there is like any other move. */
export interface DiskRelease {
  root: Root;
  /** Its root and its buckets are in the scratch folder, under their names. */
  ref: RootRef;
  read: ReadBucket;
}

/** The serial of such a release; no publisher gives it. */
export const DISK_SERIAL = 0;

export interface AdoptOptions {
  to: string;
  /** A folder for its buckets; emptied first. */
  scratch: string;
  /** The release that the tree is moved to. */
  after: Root;
  read: ReadBucket;
  selected: Selection;
  /** Which files that look right are read nevertheless: all, unless somebody samples. */
  reads?: (path: string) => boolean;
  signal: AbortSignal;
  onRead?: (bytes: number) => void;
}

/**
 * Describe what is on disk as a release: for a tree of whose history nothing is known, such as one
 * that ftpsync has filled. Every file is read, and none of them need be fetched again.
 */
export async function describeDisk(options: AdoptOptions): Promise<DiskRelease> {
  const { scratch, after } = options;
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { recursive: true, mode: 0o700 });
  const buckets: BucketRef[] = [];
  const cutter = new Cutter();
  let entries: Entry[] = [];
  const sum = { entries: 0, files: 0, bytes: 0 };

  const flush = async () => {
    if (entries.length === 0) return;
    const { ref, bytes } = encodeBucket(entries);
    await writeFile(join(scratch, bucketName(ref)), bytes);
    buckets.push(ref);
    entries = [];
  };
  const reads = options.reads ?? (() => true);
  for await (const { found } of compareDisk({ ...options, root: after, reads })) {
    if (found === undefined) continue;
    entries.push(found);
    sum.entries += 1;
    if (found.kind === 'file') {
      sum.files += 1;
      sum.bytes += found.size;
    }
    const mayCut = mayCutAfter(hashFolder(folderOf(found.path)), nameOf(found.path));
    if (cutter.after(mayCut, found.path.length + 120)) await flush();
  }
  await flush();
  const { network, archive, profile } = after;
  const root = { network, archive, epoch: 0, serial: DISK_SERIAL, profile, ...sum, buckets };
  const { ref, bytes } = encodeRoot(root);
  await writeFile(join(scratch, rootName(ref)), bytes);
  return { root, ref, read: (ref) => readFile(join(scratch, bucketName(ref))) };
}
