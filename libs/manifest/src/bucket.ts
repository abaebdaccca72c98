import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { comparePaths, type Entry } from './entry.ts';
import { ManifestError } from './errors.ts';
import { LIMITS } from './limits.ts';
import { readEntries, writeEntries } from './records.ts';
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
    sha256: createHash('sha256').update(bytes).digest('hex'),
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
  const name = bucketName(ref);
  if (bytes.length !== ref.bytes || digestOf(bytes) !== ref.sha256) {
    throw new ManifestError('wrong-digest', `Bucket ${name} is not what the root says it is.`);
  }
  const why = whyOverLimit(ref);
  if (why !== undefined) throw new ManifestError('over-limit', `Bucket ${name} ${why}.`);
  const entries = readEntries(unpack(bytes, ref).toString('latin1'), name);
  const first = entries[0];
  const last = entries.at(-1);
  if (first === undefined || last === undefined || entries.length !== ref.entries) {
    const told = `${entries.length} entries and not ${ref.entries} as the root says`;
    throw new ManifestError('malformed-bucket', `Bucket ${name} has ${told}.`);
  }
  if (
    first.path !== ref.first ||
    (next !== undefined && comparePaths(last.path, next.first) >= 0)
  ) {
    const range = `${printable(first.path)} to ${printable(last.path)}`;
    throw new ManifestError(
      'malformed-bucket',
      `Bucket ${name} holds ${range}, which is not its place in the root.`,
    );
  }
  return entries;
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
    text = gunzipSync(bytes, { maxOutputLength: Math.max(ref.unpacked, 1) });
  } catch (cause) {
    const told = `is not gzip of ${ref.unpacked} bytes as the root says`;
    throw new ManifestError('malformed-bucket', `Bucket ${bucketName(ref)} ${told}.`, { cause });
  }
  if (text.length === ref.unpacked) return text;
  const told = `unpacks to ${text.length} bytes and not ${ref.unpacked} as the root says`;
  throw new ManifestError('malformed-bucket', `Bucket ${bucketName(ref)} ${told}.`);
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
