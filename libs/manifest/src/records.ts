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
 * The entries of a bucket's text. Only what writeEntries makes is accepted, so that one list of
 * entries has one text. `bucket` is its name, for messages.
 *
 * @throws ManifestError `malformed-bucket`, `unsafe-path`, `unsafe-link`, `over-limit`.
 */
export function readEntries(text: string, bucket: string): Entry[] {
  const records = new Records(text);
  const entries: Entry[] = [];
  let folder: TreePath | undefined;
  let lastName = '';
  while (!records.atEnd()) {
    const entered = records.take(ENTER);
    if (entered !== null) {
      const next = checkedFolder(entered[1] ?? '');
      if (folder !== undefined && next <= folder) throw malformed(bucket, 'folders out of order');
      folder = next;
      lastName = '';
    }
    if (folder === undefined) throw malformed(bucket, 'an entry before any folder');
    const entry =
      takeFile(records, folder) ?? takeFolder(records, folder) ?? takeLink(records, folder);
    if (entry === undefined) throw malformed(bucket, `no record at byte ${records.at} of its text`);
    const name = entry.path.slice(folder === '' ? 0 : folder.length + 1);
    if (name <= lastName) throw malformed(bucket, `${printable(entry.path)} out of order`);
    lastName = name;
    if (entries.length === LIMITS.bucketEntries) throw tooMany(bucket);
    entries.push(entry);
  }
  return entries;
}

/** A text from which one record after the other is taken. */
class Records {
  at = 0;
  constructor(readonly text: string) {}

  atEnd(): boolean {
    return this.at >= this.text.length;
  }

  /** The fields of the next record if it is of this kind; `kind` is sticky. */
  take(kind: RegExp): RegExpExecArray | null {
    kind.lastIndex = this.at;
    const fields = kind.exec(this.text);
    if (fields !== null) this.at = kind.lastIndex;
    return fields;
  }
}

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
