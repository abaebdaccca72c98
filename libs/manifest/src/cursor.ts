import { BucketReader, type BucketRef } from './bucket.ts';
import type { Entry } from './entry.ts';
import type { Root } from './root.ts';

/**
 * Brings the bytes of a bucket, from wherever they are; they are checked when they are decoded.
 * From a disk, thousands of small files are read many times quicker without a promise for each.
 */
export type ReadBucket = (ref: BucketRef) => Uint8Array | Promise<Uint8Array>;

/** Every entry of a release, in order. Memory: one bucket. */
export async function* entriesOf(root: Root, read: ReadBucket): AsyncGenerator<Entry> {
  const cursor = new Cursor(root, NONE, read);
  for (let entry = await cursor.next(); entry !== undefined;) {
    yield entry;
    entry = cursor.take() ?? (await cursor.next());
  }
}

/** No bucket is passed over. */
export const NONE: ReadonlySet<string> = new Set();

/** Walks the entries of a release, without those in buckets that are passed over. */
export class Cursor {
  #bucket = 0;
  #reader: BucketReader | undefined;

  constructor(
    readonly root: Root | undefined,
    readonly passOver: ReadonlySet<string>,
    readonly read: ReadBucket,
  ) {}

  /** The next entry, if its bucket has been read: spares a promise for each entry. */
  take(): Entry | undefined {
    return this.#reader?.next();
  }

  async next(): Promise<Entry | undefined> {
    const buckets = this.root?.buckets ?? [];
    while (this.#bucket < buckets.length) {
      const bucket = buckets[this.#bucket++];
      if (bucket === undefined || this.passOver.has(bucket.sha256)) continue;
      this.#reader = new BucketReader(await this.read(bucket), bucket, buckets[this.#bucket]);
      return this.take();
    }
    this.#reader = undefined;
    return undefined;
  }

  /** Both have just given an entry of the same path: pass over what both have the same after it. */
  passOverSame(known: Cursor): void {
    if (this.#reader !== undefined && known.#reader !== undefined) {
      this.#reader.passOverSame(known.#reader);
    }
  }
}
