import { comparePaths, type Entry } from './entry.ts';
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
 * The entries of a bucket's text. Only what writeEntries makes is accepted, so that one list of
 * entries has one text. `bucket` is its name, for messages.
 *
 * @throws ManifestError `malformed-bucket`, `unsafe-path`, `unsafe-link`, `over-limit`.
 */
export function readEntries(text: string, bucket: string): Entry[] {
  const reader = new RecordReader(text, bucket);
  const entries: Entry[] = [];
  let before: Entry | undefined;
  while (!reader.atEnd()) {
    const entry = reader.next();
    if (before !== undefined && comparePaths(before.path, entry.path) >= 0) {
      throw malformed(bucket, `${printable(entry.path)} is out of order`);
    }
    if (entries.length === LIMITS.bucketEntries) {
      const told = `has more than ${LIMITS.bucketEntries} entries`;
      throw new ManifestError('over-limit', `Bucket ${bucket} ${told}.`);
    }
    entries.push(entry);
    before = entry;
  }
  return entries;
}

/** Reads one record after the other; every field is checked as it is read. */
class RecordReader {
  #at = 0;
  #folder: TreePath | undefined;

  constructor(
    readonly text: string,
    readonly bucket: string,
  ) {}

  atEnd(): boolean {
    return this.#at >= this.text.length;
  }

  next(): Entry {
    if (this.text[this.#at] === '/') this.#enterFolder();
    const kind = this.#word();
    switch (kind) {
      case 'f': {
        const mode = this.#mode();
        const size = this.#number(0, LIMITS.fileBytes);
        const mtime = this.#number(-LIMITS.mtime, LIMITS.mtime);
        const sha256 = this.#digest();
        const order = this.#order();
        return { kind: 'file', path: this.#path(), mode, size, mtime, sha256, order };
      }
      case 'd':
        return { kind: 'folder', mode: this.#mode(), path: this.#path() };
      case 'l':
        return this.#link();
      default:
        throw malformed(this.bucket, `there is no record of the kind ${printable(kind)}`);
    }
  }

  #enterFolder(): void {
    this.#at += 1;
    const folder = this.#untilNul();
    const why = folder === '' ? undefined : whyUnsafePath(folder);
    if (why !== undefined) throw unsafe(folder, why);
    if (folder === this.#folder) throw malformed(this.bucket, 'a folder is entered twice');
    this.#folder = folder;
  }

  #link(): Entry {
    const order = this.#order();
    const path = this.#path();
    const target = this.#untilNul();
    const why = whyUnsafeLink(path, target);
    if (why !== undefined) {
      const link = `${printable(path)} -> ${printable(target)}`;
      throw new ManifestError('unsafe-link', `The link ${link} is refused: ${why}.`);
    }
    return { kind: 'link', path, target, order };
  }

  #path(): TreePath {
    const name = this.#untilNul();
    const folder = this.#folder;
    if (folder === undefined) throw malformed(this.bucket, 'an entry comes before any folder');
    const path = join(folder, name);
    const why = whyUnsafeName(name);
    if (why !== undefined) throw unsafe(path, why);
    if (path.length > LIMITS.pathBytes || isOwnName(folder, name)) {
      throw unsafe(path, whyUnsafePath(path) ?? '');
    }
    return path;
  }

  #mode(): number {
    const word = this.#word();
    if (!/^(0|[1-7][0-7]{0,2})$/.test(word)) {
      throw malformed(this.bucket, `${printable(word)} is no mode`);
    }
    return Number.parseInt(word, 8);
  }

  #order(): number | undefined {
    if (this.text.startsWith('- ', this.#at)) {
      this.#at += 2;
      return undefined;
    }
    return this.#number(0, LIMITS.orders - 1);
  }

  #digest(): string {
    const word = this.#word();
    if (!/^[0-9a-f]{64}$/.test(word)) {
      throw malformed(this.bucket, `${printable(word)} is no SHA-256`);
    }
    return word;
  }

  #number(least: number, most: number): number {
    const word = this.#word();
    const number = Number(word);
    if (!/^(0|-?[1-9]\d{0,15})$/.test(word) || number < least || number > most) {
      throw malformed(this.bucket, `${printable(word)} is not a number from ${least} to ${most}`);
    }
    return number;
  }

  /** Up to the next space; fields are short, so a long one is not looked through. */
  #word(): string {
    const end = this.text.indexOf(' ', this.#at);
    if (end < 0 || end - this.#at > 64) throw malformed(this.bucket, 'a field is cut off');
    const word = this.text.slice(this.#at, end);
    this.#at = end + 1;
    return word;
  }

  #untilNul(): string {
    const end = this.text.indexOf('\0', this.#at);
    if (end < 0) throw malformed(this.bucket, 'its last record is cut off');
    const word = this.text.slice(this.#at, end);
    this.#at = end + 1;
    return word;
  }
}

function malformed(bucket: string, why: string): ManifestError {
  return new ManifestError('malformed-bucket', `Bucket ${bucket} cannot be read: ${why}.`);
}

function unsafe(path: TreePath, why: string): ManifestError {
  return new ManifestError('unsafe-path', `The path ${printable(path)} is refused: ${why}.`);
}
