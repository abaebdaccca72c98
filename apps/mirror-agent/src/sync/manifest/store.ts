import { hash } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import {
  bucketName,
  decodeRoot,
  ManifestError,
  rootName,
  type BucketRef,
  type KnownRoot,
  type Root,
  type RootRef,
} from '@pushmirror/manifest';

/** A bucket of our own that is not what its name says any more; it has been removed. */
export class DamagedBucket extends Error {
  constructor(readonly ref: BucketRef) {
    super(`Bucket ${bucketName(ref)} was damaged on our own disk.`);
  }
}

/**
 * Roots and buckets on our own disk: in the tree's manifest folder, or in others besides. Whatever
 * they are called, they are only believed by their digests.
 */
export interface ManifestStore {
  /** `like`: a release whose root is much like it, such as the one before; it is then read quicker. */
  root(ref: RootRef, like?: Release): Promise<Root | undefined>;
  /** Without a promise, which costs more than a bucket does. @throws DamagedBucket */
  read(ref: BucketRef): Buffer;
  /** Those that are not published in our tree. */
  missing(buckets: readonly BucketRef[]): Promise<BucketRef[]>;
}

export interface Release {
  ref: RootRef;
  root: Root;
}

export function createStore(published: string, ...others: string[]): ManifestStore {
  const folders = [published, ...others];
  return {
    async root(ref, like) {
      for (const folder of folders) {
        const path = join(folder, rootName(ref));
        const bytes = readIfThere(path);
        if (bytes === undefined) continue;
        try {
          return decodeRoot(bytes, ref, like && knownFrom(published, like));
        } catch (error) {
          // What the head names is malformed: nobody has a better one. Else our copy is damaged.
          if (!(error instanceof ManifestError) || error.code !== 'wrong-digest') throw error;
          await rm(path, { force: true });
        }
      }
      return undefined;
    },
    read(ref) {
      for (const folder of folders) {
        const path = `${folder}/${bucketName(ref)}`;
        const bytes = readIfThere(path);
        if (bytes === undefined) continue;
        if (hash('sha256', bytes, 'hex') === ref.sha256) return bytes;
        rmSync(path, { force: true });
      }
      throw new DamagedBucket(ref);
    },
    async missing(buckets) {
      const names = new Set(await readdir(published).catch(() => []));
      return buckets.filter((bucket) => !names.has(bucketName(bucket)));
    },
  };
}

function knownFrom(published: string, { ref, root }: Release): KnownRoot | undefined {
  const bytes = readIfThere(join(published, rootName(ref)));
  const isIt = bytes !== undefined && hash('sha256', bytes, 'hex') === ref.sha256;
  return isIt ? { root, bytes } : undefined;
}

function readIfThere(path: string): Buffer | undefined {
  if (!existsSync(path)) return undefined; // An exception costs more than a look.
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
