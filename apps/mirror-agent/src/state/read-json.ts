import { readFile, rename, stat } from 'node:fs/promises';
import { errnoOf } from '@pushmirror/host';
import type { z } from 'zod';
import { messageOf } from '../errors.ts';

/** Told of a state file that could not be read and was moved aside. */
export type OnCorrupt = (path: string, reason: string) => void;

const LARGEST = 16 * 1024 * 1024;

/** Read a state file; undefined when it is missing or was corrupt (then it is moved aside). */
export async function readState<T>(
  path: string,
  parse: (bytes: Buffer) => T,
  onCorrupt: OnCorrupt,
): Promise<T | undefined> {
  try {
    if ((await stat(path)).size > LARGEST) throw new Error('it is larger than 16 MiB');
    return parse(await readFile(path));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    await rename(path, `${path}.corrupt`).catch(() => {});
    onCorrupt(path, messageOf(error));
    return undefined;
  }
}

/** As `readState`, for JSON of a known shape. */
export function readJson<S extends z.ZodType>(
  path: string,
  schema: S,
  onCorrupt: OnCorrupt,
): Promise<z.output<S> | undefined> {
  const parse = (bytes: Buffer) => schema.parse(JSON.parse(bytes.toString('utf8')));
  return readState(path, parse, onCorrupt);
}
