/**
 * A path inside an archive's tree, from the archive's folder on, without a slash at its start or
 * end; '' is the folder itself.
 *
 * File names are bytes, not text. A TreePath holds one byte in each character (latin1), so that
 * every name survives, compares as its bytes do, and can be a key of a Map. Never give one to
 * node:fs or print it as it is: `onDisk` and `printable` are for that.
 */
export type TreePath = string;

/** The path of these bytes, or of a text (which is UTF-8 on disk). */
export function treePath(name: Uint8Array | string): TreePath {
  const bytes = typeof name === 'string' ? Buffer.from(name, 'utf8') : view(name);
  return bytes.toString('latin1');
}

/** The bytes of a path. */
export function bytesOf(path: TreePath): Buffer {
  return Buffer.from(path, 'latin1');
}

/** What to give to node:fs for a path of the tree in `folder` (a path in the usual sense). */
export function onDisk(folder: string, path: TreePath): string | Buffer {
  if (isAscii(path)) return path === '' ? folder : `${folder}/${path}`;
  return Buffer.concat([Buffer.from(`${folder}/`, 'utf8'), bytesOf(path)]);
}

/** A path for people: in quotes, with everything that could disturb a terminal or a log escaped. */
export function printable(path: TreePath): string {
  const bytes = bytesOf(path);
  const text = bytes.toString('utf8');
  if (!Buffer.from(text, 'utf8').equals(bytes)) return `"${path.replace(NOT_PLAIN, escapeByte)}"`;
  return `"${text.replace(DISTURBING, escapeCharacter)}"`;
}

/** A path as one word of printable ASCII: `%` and all else become %XX. */
export function percentEncode(path: TreePath): string {
  return path.replace(NOT_A_WORD, (c) => `%${hex(c)}`);
}

/** The path of such a word, or undefined when it is not exactly what percentEncode makes. */
export function percentDecode(word: string): TreePath | undefined {
  if (IS_PLAIN.test(word)) return word;
  const path = word.replace(/%([0-9A-F]{2})/g, (_, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
  return percentEncode(path) === word ? path : undefined;
}

/** The folder that a path is in. */
export function folderOf(path: TreePath): TreePath {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

/** The last name of a path. */
export function nameOf(path: TreePath): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** The path of a name in a folder. */
export function join(folder: TreePath, name: string): TreePath {
  return folder === '' ? name : `${folder}/${name}`;
}

export function isAscii(path: TreePath): boolean {
  return !/[\x80-\xff]/.test(path);
}

const NOT_A_WORD = /[^!-$&-~]/g;
const IS_PLAIN = /^[!-$&-~]*$/;
const NOT_PLAIN = /[^ !#-[\]-~]/g;
// Control characters, quotes, and what changes the direction of a text or is not seen in it.
const DISTURBING = /["\\\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/gu;

function escapeByte(c: string): string {
  return `\\x${hex(c).toLowerCase()}`;
}

function escapeCharacter(c: string): string {
  if (c === '"' || c === '\\') return `\\${c}`;
  return `\\u{${(c.codePointAt(0) ?? 0).toString(16)}}`;
}

function hex(c: string): string {
  return c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0');
}

function view(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
