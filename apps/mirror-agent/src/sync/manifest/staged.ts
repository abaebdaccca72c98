import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { parseHead, type SignedHead } from '@pushmirror/trigger';
import { z } from 'zod';
import { CHANGING_FILE, NEXT_FOLDER, STAGED_FILE } from '../own-files.ts';
import { readTreeFile, removeTreeFile, writeTreeFile } from '../tree-files.ts';
import { LARGEST_RECORD, move, parseRecord } from './carried.ts';

const staged = z.strictObject({
  ...move.shape,
  /** All of it is in the tree; else its content was still being put there. */
  complete: z.boolean(),
});

/**
 * A release that is in the tree beside the one that readers see: its new content at its paths, its
 * indexes by their digests, and what is to replace something in project/pushmirror/next. It takes
 * no upstream any more to switch to it, and until then nothing that readers see has changed.
 */
export type StagedRelease = z.output<typeof staged>;

/** The record of what is staged; undefined when nothing is, or when the tree is being switched. */
export async function readStaged(to: string, mirror: string): Promise<StagedRelease | undefined> {
  if ((await readTreeFile(join(to, CHANGING_FILE))) !== undefined) return undefined;
  const found = parseRecord(staged, await readTreeFile(join(to, STAGED_FILE), LARGEST_RECORD));
  return found?.to.mirror === mirror ? found : undefined;
}

/** The head of a release that is staged as a whole, so that it takes one word to commit it. */
export async function stagedHead(to: string, mirror: string): Promise<SignedHead | undefined> {
  const found = await readStaged(to, mirror);
  return found?.complete === true ? parseHead(Buffer.from(found.head, 'latin1')) : undefined;
}

export function writeStaged(to: string, record: StagedRelease): Promise<void> {
  return writeTreeFile(to, STAGED_FILE, `${JSON.stringify(record)}\n`);
}

/** Nothing is staged any more, apart from what is under its digest and may serve once more. */
export function forgetStaged(to: string): Promise<void> {
  return removeTreeFile(to, STAGED_FILE);
}

/** Remove what was kept under its digest because it replaces something. */
export function clearNext(to: string): Promise<void> {
  return rm(join(to, NEXT_FOLDER), { recursive: true, force: true });
}
