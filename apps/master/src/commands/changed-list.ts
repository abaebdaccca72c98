import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { whyOf } from '@pushmirror/host/errors';
import { percentEncode, treePath } from '@pushmirror/manifest';
import { MOST_CHANGED } from '../archive/contents.ts';
import { UsageError } from './exit.ts';

/** Bytes of a list; the master takes no more in one request. */
const LARGEST = 12 * 1024 * 1024;

/**
 * The list of changed paths in a file, or on standard input for `-`: one on a line, or each ended
 * by NUL where there is a NUL, as `find -print0` writes them. Names may hold any bytes.
 *
 * @returns the paths as words, see percentEncode.
 * @throws UsageError when it cannot be read, is too long for a list, or has lines that end in CR LF.
 */
export async function readChangedList(
  name: string,
  stdin: Readable = process.stdin,
): Promise<string[]> {
  const list = name === '-' ? await readAll(stdin) : await readFile(name);
  const end = list.includes(0) ? '\0' : '\n';
  const words: string[] = [];
  for (const path of treePath(list).split(end)) {
    if (path === '') continue;
    if (end === '\n' && path.endsWith('\r')) throw notUnix(name);
    if (words.length === MOST_CHANGED) throw tooLong(`more than ${MOST_CHANGED} paths`);
    words.push(percentEncode(path));
  }
  return words;
}

async function readFile(name: string): Promise<Buffer> {
  try {
    const file = await open(name, 'r');
    return await readAll(file.createReadStream());
  } catch (cause) {
    if (cause instanceof UsageError) throw cause;
    const text = `The list of changes ${name} cannot be read (${whyOf(cause)}).`;
    throw new UsageError(text, { cause });
  }
}

async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream) {
    const bytes = Buffer.from(chunk as Uint8Array | string);
    size += bytes.length;
    if (size > LARGEST) throw tooLong(`more than ${LARGEST / 1024 / 1024} MiB`);
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

/** A path that ends in a carriage return would be looked for, not found, and no change at all. */
function notUnix(name: string): UsageError {
  const text = `The lines of the list of changes ${name} end in CR LF. Write them with LF alone.`;
  return new UsageError(text);
}

function tooLong(what: string): UsageError {
  return new UsageError(
    `The list of changes has ${what}. Publish without --changed: the tree is then looked through.`,
  );
}
