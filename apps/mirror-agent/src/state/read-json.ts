import { readFileSync, renameSync, statSync } from 'node:fs';
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
    if (statSync(path).size > LARGEST) throw new Error('it is larger than 16 MiB');
    return parse(readFileSync(path));
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    moveAside(path);
    onCorrupt(path, messageOf(error));
    return undefined;
  }
}

function moveAside(path: string): void {
  try {
    renameSync(path, `${path}.corrupt`);
  } catch {
    // It stays, and is complained about again.
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
