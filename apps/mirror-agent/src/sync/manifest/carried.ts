import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { OWN_FOLDER } from '@pushmirror/manifest';
import { z } from 'zod';
import { CHANGING_FILE } from '../own-files.ts';
import { LARGEST_READ, readTreeFile, writeTreeFile } from '../tree-files.ts';

/** What a tree holds, in the tree itself: it goes wherever the tree goes, also by a plain copy. */
export const CARRIES_FILE = `${OWN_FOLDER}/carries`;

const digest = z.string().regex(/^[0-9a-f]{64}$/);
const count = z.int().min(0);
const root = z.strictObject({ sha256: digest, bytes: count });

const carried = z.strictObject({
  format: z.literal(1),
  /** Whose record it is: one that was copied from an upstream says nothing about us. */
  mirror: z.string(),
  network: z.string(),
  archive: z.string(),
  epoch: count,
  serial: count,
  root,
  /** The filters by which paths were selected, as rsync arguments; none means all. */
  filters: z.array(z.string()),
});
export type Carried = z.output<typeof carried>;

export const move = z.strictObject({
  from: carried,
  to: carried,
  /** The head to claim, whole. */
  head: z.string(),
  upstream: z.string(),
});
/** A move that has begun: all that it needs is in staging, checked. In the mark `changing`. */
export type MoveUnderWay = z.output<typeof move>;

/** The record of a tree; undefined when there is none that can be trusted. */
export async function readCarried(to: string): Promise<Carried | undefined> {
  return parseCarried(await readTreeFile(join(to, CARRIES_FILE), LARGEST_RECORD));
}

export function parseCarried(bytes: Buffer | undefined): Carried | undefined {
  return parseRecord(carried, bytes);
}

/** A thousand filters each way, as the configuration allows, and then some. */
export const LARGEST_RECORD = 8 * 1024 * 1024;

export function writeCarried(to: string, record: Carried): Promise<void> {
  return writeTreeFile(to, CARRIES_FILE, `${JSON.stringify(record)}\n`);
}

/** From now on nobody knows what the tree holds, before it has been looked through. */
export function forgetCarried(to: string): Promise<void> {
  return rm(join(to, CARRIES_FILE), { force: true });
}

/** The text of the mark `changing` for a move; with filters that fill pages, it says only that. */
export function markOf(under: MoveUnderWay): string {
  const text = `${JSON.stringify(under)}\n`;
  return text.length > LARGEST_READ ? '' : text;
}

export type Standing =
  | { at: 'release'; carried: Carried }
  | { at: 'move'; move: MoveUnderWay }
  | { at: 'unknown' };

/** Where the tree stands, by its own record: at a release, between two, or nobody knows. */
export async function readStanding(to: string, mirror: string): Promise<Standing> {
  const mark = await readTreeFile(join(to, CHANGING_FILE));
  if (mark !== undefined) {
    const found = parseRecord(move, mark);
    return found?.to.mirror === mirror ? { at: 'move', move: found } : { at: 'unknown' };
  }
  const found = await readCarried(to);
  return found?.mirror === mirror ? { at: 'release', carried: found } : { at: 'unknown' };
}

export function parseRecord<T>(schema: z.ZodType<T>, bytes: Buffer | undefined): T | undefined {
  try {
    return schema.safeParse(JSON.parse(bytes?.toString('utf8') ?? '')).data;
  } catch {
    return undefined;
  }
}
