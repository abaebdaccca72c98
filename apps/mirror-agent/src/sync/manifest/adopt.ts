import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  bucketName,
  Cutter,
  encodeBucket,
  folderOf,
  hashFolder,
  mayCutAfter,
  nameOf,
  type BucketRef,
  type Entry,
  type ReadBucket,
  type Root,
  type Selection,
} from '@pushmirror/manifest';
import { compareDisk } from './compare-disk.ts';

/** A release made of what the disk holds, so that moving on from there is like any other move. */
export interface DiskRelease {
  root: Root;
  read: ReadBucket;
}

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
  const root: Root = { network, archive, epoch: 0, serial: 0, profile, ...sum, buckets };
  return { root, read: (ref) => readFile(join(scratch, bucketName(ref))) };
}
