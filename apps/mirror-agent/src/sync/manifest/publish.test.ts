import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import {
  bucketName,
  BY_HASH_FOLDER,
  encodeBucket,
  encodeRoot,
  indexOrder,
  MANIFEST_FOLDER,
  onDisk,
  rootName,
  type BucketRef,
  type Entry,
  type RootRef,
} from '@pushmirror/manifest';
import type { SignedHead } from '@pushmirror/trigger';
import { withSite, type Site } from '../site.test.ts';
import { diskItems } from './disk.ts';

/** What a master does, in small: describe a tree in its own project/pushmirror. */
export async function describe(
  root: string,
  serial: number,
  change: (entries: Entry[]) => Entry[] = (entries) => entries,
): Promise<RootRef> {
  const entries: Entry[] = [];
  for await (const item of diskItems(root, new AbortController().signal)) {
    const { path, mode, size, mtime } = item;
    const order = indexOrder('debian', path);
    if (item.kind === 'folder') entries.push({ kind: 'folder', path, mode });
    if (item.kind === 'link')
      entries.push({ kind: 'link', path, target: item.target ?? '', order });
    if (item.kind !== 'file') continue;
    const sha256 = createHash('sha256')
      .update(readFileSync(onDisk(root, path)))
      .digest('hex');
    entries.push({ kind: 'file', path, mode, size, mtime, sha256, order });
  }
  return writeManifest(root, serial, change(entries));
}

/** Write the manifest of these entries, true or not; indexes that are there are put by their digests. */
export function writeManifest(root: string, serial: number, entries: Entry[]): RootRef {
  const folder = join(root, MANIFEST_FOLDER);
  mkdirSync(folder, { recursive: true });
  mkdirSync(join(root, BY_HASH_FOLDER), { recursive: true });
  const buckets: BucketRef[] = [];
  for (let i = 0; i < entries.length; i += 8) {
    const { ref, bytes } = encodeBucket(entries.slice(i, i + 8));
    writeFileSync(join(folder, bucketName(ref)), bytes);
    buckets.push(ref);
  }
  for (const entry of entries) {
    if (entry.kind !== 'file' || entry.order === undefined) continue;
    const copy = join(root, BY_HASH_FOLDER, entry.sha256);
    const source = onDisk(root, entry.path);
    if (existsSync(copy) || !existsSync(source)) continue;
    copyFileSync(source, copy);
    utimesSync(copy, entry.mtime, entry.mtime);
  }
  const files = entries.filter(({ kind }) => kind === 'file').length;
  const named = {
    network: 'example',
    archive: 'debian',
    epoch: 1,
    serial,
    profile: 'debian',
  } as const;
  const sum = { entries: entries.length, files, bytes: 0 };
  const { ref, bytes } = encodeRoot({ ...named, ...sum, buckets });
  writeFileSync(join(folder, rootName(ref)), bytes);
  return ref;
}

export interface ManifestSite extends Site {
  /** Describe the upstream's tree and let it show the head. */
  release(serial: number, change?: (entries: Entry[]) => Entry[]): Promise<SignedHead>;
}

/** Run a test at a site whose upstream publishes manifests. */
export function withManifests(work: (site: ManifestSite) => Promise<void>): Promise<void> {
  return withSite((site) =>
    work({
      ...site,
      async release(serial, change) {
        const manifest = await describe(site.up, serial, change);
        const head = site.head(serial, { manifest });
        site.publish(head);
        return head;
      },
    }),
  );
}
