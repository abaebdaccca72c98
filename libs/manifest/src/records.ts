import type { Entry } from './entry.ts';
import { ManifestError } from './errors.ts';
import { LIMITS } from './limits.ts';
import { isOwnName } from './own-paths.ts';
import { whyUnsafeLink, whyUnsafeName, whyUnsafePath } from './safe-path.ts';
import { folderOf, join, nameOf, printable, type TreePath } from './tree-path.ts';

/*
 * The text inside a bucket: records that end with NUL, so that names may hold any other byte.
 *
 *   /FOLDER                                the folder of the entries that follow
 *   f MODE SIZE MTIME SHA256 ORDER NAME    a file
 *   d MODE NAME                            a folder
 *   l ORDER NAME NUL TARGET                a symlink
 *
 * Folders ascend, and so do the names in each. MODE is octal; the other numbers are decimal,
 * without leading zeros; ORDER is "-" for content.
 */

/** The text of entries that are in order. One character is one byte. */
export function writeEntries(entries: readonly Entry[]): string {
  const parts: string[] = [];
  let folder: TreePath | undefined;
  for (const entry of entries) {
    const its = folderOf(entry.path);
    if (its !== folder) {
      folder = its;
      parts.push(`/${folder}\0`);
    }
    parts.push(writeEntry(entry));
  }
  return parts.join('');
}

function writeEntry(entry: Entry): string {
  const name = nameOf(entry.path);
  switch (entry.kind) {
    case 'file': {
      const numbers = `${entry.mode.toString(8)} ${entry.size} ${entry.mtime}`;
      return `f ${numbers} ${entry.sha256} ${entry.order ?? '-'} ${name}\0`;
    }
    case 'folder':
      return `d ${entry.mode.toString(8)} ${name}\0`;
    case 'link':
      return `l ${entry.order ?? '-'} ${name}\0${entry.target}\0`;
  }
}

/**
 * Reads the entries of a bucket's text. Only what writeEntries makes is accepted, so that one list
 * of entries has one text. `bucket` is its name, for messages.
 */
export class EntryReader {
  /** How many entries have been read or passed over. */
  count = 0;
  readonly #records: Records;
  #folder: TreePath | undefined;
  #lastName = '';

  constructor(
    text: string,
    readonly bucket: string,
  ) {
    this.#records = new Records(text);
  }

  /** @throws ManifestError `malformed-bucket`, `unsafe-path`, `unsafe-link`, `over-limit`. */
  next(): Entry | undefined {
    const records = this.#records;
    if (records.atEnd()) return undefined;
    const entered = records.take(ENTER);
    if (entered !== null) this.#enter(checkedFolder(entered[1] ?? ''));
    const folder = this.#folder;
    if (folder === undefined) throw malformed(this.bucket, 'an entry before any folder');
    const entry =
      takeFile(records, folder) ?? takeFolder(records, folder) ?? takeLink(records, folder);
    if (entry === undefined) {
      throw malformed(this.bucket, `no record at byte ${records.at} of its text`);
    }
    const name = entry.path.slice(folder === '' ? 0 : folder.length + 1);
    if (name <= this.#lastName)
      throw malformed(this.bucket, `${printable(entry.path)} out of order`);
    this.#lastName = name;
    if (this.count >= LIMITS.bucketEntries) throw tooMany(this.bucket);
    this.count += 1;
    return entry;
  }

  /**
   * Both have just given an entry of the same path: pass over those after it that both have, word for
   * word, but for the last one. `known` has been read as a whole before, so what is the same is as
   * good, and is not taken apart again; the last one is, since what follows has to come after it.
   */
  passOverSame(known: EntryReader): void {
    if (this.#folder !== known.#folder) return;
    const [mine, theirs] = [this.#records, known.#records];
    let last = 0;
    let passed = -1;
    for (let length = mine.same(theirs); length > 0; length = mine.same(theirs)) {
      mine.at += length;
      theirs.at += length;
      last = length;
      passed += 1;
    }
    if (last === 0) return;
    mine.at -= last;
    theirs.at -= last;
    this.count += passed;
    known.count += passed;
  }

  #enter(folder: TreePath): void {
    if (this.#folder !== undefined && folder <= this.#folder) {
      throw malformed(this.bucket, 'folders out of order');
    }
    this.#folder = folder;
    this.#lastName = '';
  }
}

/** A text from which one record after the other is taken. */
class Records {
  at = 0;
  constructor(readonly text: string) {}

  atEnd(): boolean {
    return this.at >= this.text.length;
  }

  /** Bytes of the next entry, if the other has the same one next; else 0. */
  same(other: Records): number {
    const { text, at } = this;
    const kind = text.charCodeAt(at);
    let end = text.indexOf('\0', at);
    if (kind === LINK_LETTER && end >= 0) end = text.indexOf('\0', end + 1);
    if (kind === SLASH || end < 0) return 0;
    const length = end + 1 - at;
    return text.slice(at, end + 1) === other.text.slice(other.at, other.at + length) ? length : 0;
  }

  /** The fields of the next record if it is of this kind; `kind` is sticky. */
  take(kind: RegExp): RegExpExecArray | null {
    kind.lastIndex = this.at;
    const fields = kind.exec(this.text);
    if (fields !== null) this.at = kind.lastIndex;
    return fields;
  }
}

const SLASH = 0x2f;
const LINK_LETTER = 0x6c;
const MODE = '(0|[1-7][0-7]{0,2})';
const ORDER = '(-|0|[1-9]|1[0-5])';
const NAME = '([^\\0]*)\\0';
const ENTER = /\/([^\0]*)\0/y;
const FILE = new RegExp(
  `f ${MODE} (0|[1-9]\\d{0,15}) (0|-?[1-9]\\d{0,11}) ([0-9a-f]{64}) ${ORDER} ${NAME}`,
  'y',
);
const FOLDER = new RegExp(`d ${MODE} ${NAME}`, 'y');
const LINK = new RegExp(`l ${ORDER} ${NAME}([^\\0]*)\\0`, 'y');

// What the grammar leaves open is checked as the fields are taken.

function takeFile(records: Records, folder: TreePath): Entry | undefined {
  const fields = records.take(FILE);
  if (fields === null) return undefined;
  const [, mode = '', bytes, seconds, sha256 = '', order = '', name = ''] = fields;
  const path = pathOf(folder, name);
  const size = Number(bytes);
  const mtime = Number(seconds);
  if (size > LIMITS.fileBytes || Math.abs(mtime) > LIMITS.mtime) throw absurd(path);
  const entry = { path, mode: Number.parseInt(mode, 8), size, mtime, sha256 };
  return { kind: 'file', ...entry, order: orderOf(order) };
}

function takeFolder(records: Records, folder: TreePath): Entry | undefined {
  const fields = records.take(FOLDER);
  if (fields === null) return undefined;
  const [, mode = '', name = ''] = fields;
  return { kind: 'folder', path: pathOf(folder, name), mode: Number.parseInt(mode, 8) };
}

function takeLink(records: Records, folder: TreePath): Entry | undefined {
  const fields = records.take(LINK);
  if (fields === null) return undefined;
  const [, order = '', name = '', target = ''] = fields;
  const path = pathOf(folder, name);
  const why = whyUnsafeLink(path, target);
  if (why === undefined) return { kind: 'link', path, target, order: orderOf(order) };
  const link = `${printable(path)} -> ${printable(target)}`;
  throw new ManifestError('unsafe-link', `The link ${link} is refused: ${why}.`);
}

function pathOf(folder: TreePath, name: string): TreePath {
  const path = join(folder, name);
  const why = whyUnsafeName(name);
  if (why !== undefined) throw unsafe(path, why);
  if (path.length <= LIMITS.pathBytes && !isOwnName(folder, name)) return path;
  throw unsafe(path, whyUnsafePath(path) ?? '');
}

function orderOf(word: string): number | undefined {
  return word === '-' ? undefined : Number(word);
}

function checkedFolder(folder: TreePath): TreePath {
  const why = folder === '' ? undefined : whyUnsafePath(folder);
  if (why !== undefined) throw unsafe(folder, why);
  return folder;
}

function malformed(bucket: string, what: string): ManifestError {
  return new ManifestError('malformed-bucket', `Bucket ${bucket} cannot be read: it has ${what}.`);
}

function unsafe(path: TreePath, why: string): ManifestError {
  return new ManifestError('unsafe-path', `The path ${printable(path)} is refused: ${why}.`);
}

function absurd(path: TreePath): ManifestError {
  const what = `The size or time of ${printable(path)} is beyond what a file can have.`;
  return new ManifestError('over-limit', what);
}

function tooMany(bucket: string): ManifestError {
  const what = `Bucket ${bucket} has more than ${LIMITS.bucketEntries} entries.`;
  return new ManifestError('over-limit', what);
}
