import { createHash } from 'node:crypto';
import { whyOverLimit, type BucketRef } from './bucket.ts';
import { comparePaths } from './entry.ts';
import { ManifestError } from './errors.ts';
import { LIMITS } from './limits.ts';
import { isProfile, type ProfileName } from './profiles.ts';
import { whyUnsafePath } from './safe-path.ts';
import { percentDecode, percentEncode, printable } from './tree-path.ts';

/** What one release of an archive consists of: the list of its buckets, and whose it is. */
export interface Root {
  network: string;
  archive: string;
  epoch: number;
  serial: number;
  profile: ProfileName;
  /** Of all buckets together. Bytes are those of the files. */
  entries: number;
  files: number;
  bytes: number;
  buckets: readonly BucketRef[];
}

/** What stands at the top of a root: all but its buckets. */
export type RootHeader = Omit<Root, 'buckets'> & { bucketCount: number };

/** What a head says of a root, in libs/trigger's words `Manifest: sha256:HEX BYTES`. */
export interface RootRef {
  sha256: string;
  bytes: number;
}

/** The file name of a root in the manifest's folder. */
export function rootName(ref: Pick<RootRef, 'sha256'>): string {
  return `${ref.sha256}.root`;
}

/** Encode a root; its buckets must be in order. */
export function encodeRoot(root: Root): { ref: RootRef; bytes: Buffer } {
  const lines = [
    `Push-Manifest: ${FORMAT}`,
    `Network: ${root.network}`,
    `Archive: ${root.archive}`,
    `Epoch: ${root.epoch}`,
    `Serial: ${root.serial}`,
    `Profile: ${root.profile}`,
    `Entries: ${root.entries}`,
    `Files: ${root.files}`,
    `Bytes: ${root.bytes}`,
    `Buckets: ${root.buckets.length}`,
  ];
  for (const b of root.buckets) {
    lines.push(`${b.sha256} ${b.bytes} ${b.unpacked} ${b.entries} ${percentEncode(b.first)}`);
  }
  const bytes = Buffer.from(`${lines.join('\n')}\n`, 'latin1');
  return { ref: { sha256: digestOf(bytes), bytes: bytes.length }, bytes };
}

/** A root that has been decoded, and the bytes that it was decoded from. */
export interface KnownRoot {
  root: Root;
  bytes: Uint8Array;
}

/**
 * Decode a root. With `ref`, what the head says of it, its digest is checked first. With `known`, such
 * as that of the release before, lines that both have are not taken apart again.
 *
 * @throws ManifestError `wrong-digest`, `malformed-root`, `over-limit`, `unsafe-path`.
 */
export function decodeRoot(bytes: Uint8Array, ref?: RootRef, known?: KnownRoot): Root {
  if (bytes.length > LIMITS.rootBytes) {
    throw overLimit(`A manifest's root has ${bytes.length} bytes; ${LIMITS.rootBytes} are allowed`);
  }
  if (ref !== undefined && (bytes.length !== ref.bytes || digestOf(bytes) !== ref.sha256)) {
    throw new ManifestError('wrong-digest', `${rootName(ref)} is not what the head says it is.`);
  }
  const lines = new Lines(bytes);
  const { bucketCount, ...header } = readHeader(lines);
  const root = { ...header, buckets: readBuckets(lines, bucketCount, known && new Known(known)) };
  const sum = root.buckets.reduce((total, bucket) => total + bucket.entries, 0);
  if (sum !== root.entries || root.files > root.entries) throw malformed('its counts disagree');
  return root;
}

/**
 * Decode the top of a root only, without looking at its buckets.
 *
 * @throws ManifestError `malformed-root`, `over-limit`.
 */
export function decodeRootHeader(bytes: Uint8Array): RootHeader {
  return readHeader(new Lines(bytes.subarray(0, HEADER_BYTES)));
}

/** More than the top of a root ever has. */
const HEADER_BYTES = 4_096;

/** The fields, in the order in which they stand in the file. */
function readHeader(lines: Lines): RootHeader {
  readFormat(readField(lines, 'Push-Manifest'));
  return {
    network: readField(lines, 'Network'),
    archive: readField(lines, 'Archive'),
    epoch: readNumber(readField(lines, 'Epoch')),
    serial: readNumber(readField(lines, 'Serial')),
    profile: readProfile(readField(lines, 'Profile')),
    entries: readNumber(readField(lines, 'Entries'), LIMITS.entries, 'entries'),
    files: readNumber(readField(lines, 'Files'), LIMITS.entries, 'files'),
    bytes: readNumber(readField(lines, 'Bytes')),
    bucketCount: readNumber(readField(lines, 'Buckets'), LIMITS.buckets, 'buckets'),
  };
}

const FORMAT = '1';

function readField(lines: Lines, field: string): string {
  const line = lines.next() ?? '';
  const value = line.slice(field.length + 2);
  if (!line.startsWith(`${field}: `)) throw malformed(`its line "${field}:" is missing`);
  if (!/^[!-~]{1,128}$/.test(value)) throw malformed(`its line "${field}:" is not one word`);
  return value;
}

function readFormat(word: string): void {
  if (word === FORMAT) return;
  throw malformed(`it is of format ${clip(word)}, and this program reads ${FORMAT}`);
}

function readProfile(word: string): ProfileName {
  if (isProfile(word)) return word;
  throw malformed(`it names an unknown profile, ${clip(word)}`);
}

function readBuckets(lines: Lines, count: number, known: Known | undefined): BucketRef[] {
  const buckets: BucketRef[] = [];
  let before: BucketRef | undefined;
  let wasKnown = false;
  for (let i = 0; i < count; i++) {
    const line = lines.next() ?? '';
    const same = known?.take(line);
    const bucket = same ?? readBucket(line);
    if (same === undefined) known?.passBy(bucket);
    // Two known ones stand one after the other there, too.
    const isInOrder = wasKnown && same !== undefined;
    if (!isInOrder && before !== undefined && comparePaths(before.first, bucket.first) >= 0) {
      throw malformed('its buckets are out of order');
    }
    buckets.push(bucket);
    before = bucket;
    wasKnown = same !== undefined;
  }
  if (lines.next() !== undefined) throw malformed('it has more lines than buckets');
  return buckets;
}

/** Goes through a known root beside one that is read. */
class Known {
  readonly #root: Root;
  readonly #lines: Lines;
  #line: string | undefined;
  #at = 0;

  constructor({ root, bytes }: KnownRoot) {
    this.#root = root;
    this.#lines = new Lines(bytes);
    readHeader(this.#lines);
    this.#line = this.#lines.next();
  }

  /** The bucket of this line, if it is the next one here, too. */
  take(line: string): BucketRef | undefined {
    if (line !== this.#line) return undefined;
    const bucket = this.#root.buckets[this.#at];
    this.#pass();
    return bucket;
  }

  /** Pass by what comes before this one, or is in its place. */
  passBy({ first }: BucketRef): void {
    for (let next = this.#root.buckets[this.#at]; next !== undefined;) {
      if (comparePaths(next.first, first) > 0) return;
      this.#pass();
      next = this.#root.buckets[this.#at];
    }
  }

  #pass(): void {
    this.#at += 1;
    this.#line = this.#lines.next();
  }
}

const NUMBER = '(0|[1-9]\\d{0,15})';
const BUCKET = new RegExp(`^([0-9a-f]{64}) ${NUMBER} ${NUMBER} ${NUMBER} ([!-~]+)$`);

function readBucket(line: string): BucketRef {
  const fields = BUCKET.exec(line);
  const word = fields?.[5] ?? '';
  const first = percentDecode(word);
  if (fields === null || first === undefined) throw malformed(`it has the line ${clip(line)}`);
  const [, sha256 = '', bytes, unpacked, entries] = fields;
  const sizes = { bytes: Number(bytes), unpacked: Number(unpacked), entries: Number(entries) };
  const bucket = { sha256, ...sizes, first };
  const over = whyOverLimit(bucket);
  if (over !== undefined) throw overLimit(`Bucket ${sha256} ${over}`);
  if (bucket.entries === 0) throw malformed(`bucket ${sha256} is empty`);
  const why = whyUnsafePath(first);
  if (why !== undefined) {
    throw new ManifestError('unsafe-path', `The path ${clip(word)} is refused: ${why}.`);
  }
  return bucket;
}

function readNumber(word: string, most?: number, what?: string): number {
  const number = Number(word);
  if (!/^(0|[1-9]\d{0,15})$/.test(word) || !Number.isSafeInteger(number)) {
    throw malformed(`${clip(word)} is not a number`);
  }
  if (most !== undefined && number > most) {
    throw overLimit(`A manifest lists ${number} ${what ?? ''}; ${most} are allowed`);
  }
  return number;
}

/** One line after the other, without taking the text apart beforehand. */
class Lines {
  readonly #text: string;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  }

  next(): string | undefined {
    if (this.#at >= this.#text.length) return undefined;
    const end = this.#text.indexOf('\n', this.#at);
    if (end < 0) throw malformed('its last line is cut off');
    const line = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    return line;
  }
}

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function clip(text: string): string {
  return printable(text.length > 80 ? `${text.slice(0, 80)}...` : text);
}

function malformed(why: string): ManifestError {
  return new ManifestError('malformed-root', `The manifest's root cannot be read: ${why}.`);
}

function overLimit(what: string): ManifestError {
  return new ManifestError('over-limit', `${what}.`);
}
