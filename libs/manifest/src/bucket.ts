import { hash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { comparePaths, type Entry } from './entry.ts';
import { ManifestError } from './errors.ts';
import { LIMITS } from './limits.ts';
import { EntryReader, writeEntries } from './records.ts';
import { printable, type TreePath } from './tree-path.ts';

/** What a root says of a bucket. */
export interface BucketRef {
  /** Digest of the bucket as it is stored: also its name, see bucketName. */
  sha256: string;
  /** Bytes as it is stored. */
  bytes: number;
  /** Bytes as it unpacks. */
  unpacked: number;
  entries: number;
  /** The path of its first entry; its entries come before the next bucket's. */
  first: TreePath;
}

/** The file name of a bucket in the manifest's folder. */
export function bucketName(ref: Pick<BucketRef, 'sha256'>): string {
  return `${ref.sha256}.bucket`;
}

/**
 * Encode entries, which must be in order and not none, as one bucket. The same entries give the
 * same bytes for as long as zlib does; nobody relies on it, since a root names the bytes.
 */
export function encodeBucket(entries: readonly Entry[]): { ref: BucketRef; bytes: Buffer } {
  const text = Buffer.from(writeEntries(entries), 'latin1');
  const bytes = gzipSync(text, { level: 6 });
  const ref = {
    sha256: hash('sha256', bytes, 'hex'),
    bytes: bytes.length,
    unpacked: text.length,
    entries: entries.length,
    first: entries[0]?.path ?? '',
  };
  return { ref, bytes };
}

/**
 * Decode a bucket and check everything about it: its digest and sizes against the root, every
 * entry, their order, and that none belongs before this bucket or, with `next` (what the root says
 * of the bucket after it), after it. Memory stays within LIMITS whatever the bytes are.
 *
 * @throws ManifestError `wrong-digest`, `over-limit`, `malformed-bucket`, `unsafe-path`, `unsafe-link`.
 */
export function decodeBucket(bytes: Uint8Array, ref: BucketRef, next?: BucketRef): Entry[] {
  const reader = new BucketReader(bytes, ref, next);
  const entries: Entry[] = [];
  for (let entry = reader.next(); entry !== undefined; entry = reader.next()) entries.push(entry);
  return entries;
}

/** The same, one entry after the other. It throws as decodeBucket, some of it only at the end. */
export class BucketReader {
  readonly #entries: EntryReader;
  #last: Entry | undefined;

  constructor(
    bytes: Uint8Array,
    readonly ref: BucketRef,
    readonly after?: BucketRef,
  ) {
    const name = bucketName(ref);
    if (bytes.length !== ref.bytes || digestOf(bytes) !== ref.sha256) {
      throw new ManifestError('wrong-digest', `Bucket ${name} is not what the root says it is.`);
    }
    const why = whyOverLimit(ref);
    if (why !== undefined) throw new ManifestError('over-limit', `Bucket ${name} ${why}.`);
    this.#entries = new EntryReader(unpack(bytes, ref).toString('latin1'), name);
  }

  next(): Entry | undefined {
    const entry = this.#entries.next();
    if (entry === undefined) this.#checkEnd();
    else if (this.#last === undefined && entry.path !== this.ref.first)
      throw misplaced(this.ref, entry);
    this.#last = entry ?? this.#last;
    return entry;
  }

  /** As EntryReader says: a bucket of a release that has been read before has the same there. */
  passOverSame(known: BucketReader): void {
    this.#entries.passOverSame(known.#entries);
  }

  #checkEnd(): void {
    const { count } = this.#entries;
    const [last, after] = [this.#last, this.after];
    if (last === undefined || count !== this.ref.entries) {
      const told = `${count} entries and not ${this.ref.entries} as the root says`;
      const name = bucketName(this.ref);
      throw new ManifestError('malformed-bucket', `Bucket ${name} has ${told}.`);
    }
    if (after !== undefined && comparePaths(last.path, after.first) >= 0) {
      throw misplaced(this.ref, last);
    }
  }
}

function misplaced(ref: BucketRef, { path }: Entry): ManifestError {
  const what = `holds ${printable(path)}, which is not its place in the root`;
  return new ManifestError('malformed-bucket', `Bucket ${bucketName(ref)} ${what}.`);
}

/** Why a bucket is too much, by what the root says of it; undefined when it is not. */
export function whyOverLimit(ref: BucketRef): string | undefined {
  if (ref.entries > LIMITS.bucketEntries) return `has more than ${LIMITS.bucketEntries} entries`;
  if (ref.bytes > LIMITS.bucketBytes || ref.unpacked > LIMITS.bucketBytes) {
    return `has more than ${LIMITS.bucketBytes} bytes`;
  }
  if (ref.unpacked > LIMITS.smallBucketBytes && ref.unpacked > LIMITS.ratio * ref.bytes) {
    return `unpacks to more than ${LIMITS.ratio} times its size`;
  }
  return undefined;
}

function unpack(bytes: Uint8Array, ref: BucketRef): Buffer {
  let text: Buffer | undefined;
  try {
    const room = { maxOutputLength: Math.max(ref.unpacked, 1), chunkSize: ref.unpacked + 64 };
    text = gunzipSync(bytes, room); // In one piece: thousands of them are unpacked in a row.
  } catch (cause) {
    const told = `is not gzip of ${ref.unpacked} bytes as the root says`;
    throw new ManifestError('malformed-bucket', `Bucket ${bucketName(ref)} ${told}.`, { cause });
  }
  if (text.length === ref.unpacked) return text;
  const told = `unpacks to ${text.length} bytes and not ${ref.unpacked} as the root says`;
  throw new ManifestError('malformed-bucket', `Bucket ${bucketName(ref)} ${told}.`);
}

function digestOf(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}
