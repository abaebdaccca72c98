import { utimesSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { onDisk, type FileEntry } from '@pushmirror/manifest';
import { hashFile, keepsChanging } from './hash-file.ts';
import { hasGone } from './look.ts';
import { cannotWrite, StagedFolder } from './staged-folder.ts';

/**
 * Put the release's index files where mirrors fetch them, under the names of their digests.
 *
 * They are copies (which share their blocks with the original where the file system can do that),
 * not hard links: many tools write a new index over the old one in place, and a link would then
 * change with it while mirrors are still fetching the release before.
 *
 * @throws ArchiveError `tree-changing`, `disk-full`, `cannot-write`.
 */
export async function copyIndexes(
  root: string,
  byHash: StagedFolder,
  indexes: readonly FileEntry[],
): Promise<void> {
  for (const { path, sha256, mtime } of indexes) {
    if (byHash.has(sha256)) continue;
    let copy: string;
    try {
      copy = byHash.copyIn(sha256, onDisk(root, path));
      utimesSync(copy, mtime, mtime);
    } catch (error) {
      throw hasGone(error) ? keepsChanging(path) : cannotWrite(byHash.path, error);
    }
    const hashed = hashFile(byHash.path, basename(copy), 0, () => {});
    if (hashed?.digest.toString('hex') !== sha256) throw keepsChanging(path);
    byHash.accept(sha256);
  }
  await byHash.commit();
}

/** Remember which index files a release has, so that it is known later which are still needed. */
export async function noteIndexes(
  cacheDir: string,
  release: string,
  indexes: readonly FileEntry[],
): Promise<void> {
  const digests = [...new Set(indexes.map((index) => index.sha256))];
  const notes = noteOf(cacheDir, release);
  try {
    await writeFile(notes, `${digests.join('\n')}\n`);
  } catch (error) {
    throw cannotWrite(notes, error);
  }
}

/** The index files of a release; undefined when nothing was noted of it. */
export async function notedIndexes(
  cacheDir: string,
  release: string,
): Promise<string[] | undefined> {
  try {
    return (await readFile(noteOf(cacheDir, release), 'latin1')).trim().split('\n');
  } catch {
    return undefined;
  }
}

export const NOTE_SUFFIX = '.indexes';

function noteOf(cacheDir: string, release: string): string {
  return join(cacheDir, release + NOTE_SUFFIX);
}
