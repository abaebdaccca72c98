import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { entriesOf, OWN_FOLDER, type ReadBucket, type Root } from '@pushmirror/manifest';
import { makeTreeFolder, writePlainTreeFile } from '../tree-files.ts';
import type { PlannedMove } from './release.ts';

/*
 * For each of the last releases, the digests of its index files as this mirror carries them, one
 * line a path. So it can be told which files by digest are still needed without reading a
 * manifest of a million entries. Whatever is lost or damaged here is read from the manifest again.
 */

/** In the tree, since it is about it. */
export const NOTES_FOLDER = `${OWN_FOLDER}/indexes`;

/** Note the indexes of a release: from the notes of the one before, and what changed. */
export async function noteIndexes(to: string, planned: PlannedMove): Promise<void> {
  const { from, move, plan } = planned;
  // Another profile makes indexes of what did not change.
  const isSameProfile = move.before?.profile === move.after.profile;
  const before = isSameProfile ? await readNotes(to, from.root.sha256) : undefined;
  const counts = count(before ?? []);
  if (before !== undefined) {
    const { came, gone } = plan.indexDigests;
    for (const digest of gone) counts.set(digest, (counts.get(digest) ?? 0) - 1);
    for (const digest of came) counts.set(digest, (counts.get(digest) ?? 0) + 1);
  }
  const digests =
    before !== undefined
      ? [...counts].flatMap(([digest, times]) =>
          Array.from({ length: Math.max(0, times) }, () => digest),
        )
      : await indexesOf(move.after, move.read, move.selected);
  await makeTreeFolder(join(to, NOTES_FOLDER));
  const text = [`indexes ${digests.length}`, ...digests, ''].join('\n');
  await writePlainTreeFile(to, join(NOTES_FOLDER, planned.to.root.sha256), Buffer.from(text));
}

/** The noted digests of a release; undefined when there are no notes that are whole. */
export async function readNotes(to: string, root: string): Promise<string[] | undefined> {
  const text = textIn(join(to, NOTES_FOLDER, root));
  const [first = '', ...digests] = text.trimEnd().split('\n');
  return first === `indexes ${digests.length}` ? digests : undefined;
}

function textIn(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

/** The digests of all indexes of a release. */
export async function indexesOf(
  root: Root,
  read: ReadBucket,
  selected: (path: string, isFolder: boolean) => boolean,
): Promise<string[]> {
  const digests: string[] = [];
  for await (const entry of entriesOf(root, read)) {
    if (entry.kind !== 'file' || entry.order === undefined) continue;
    if (selected(entry.path, false)) digests.push(entry.sha256);
  }
  return digests;
}

function count(digests: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const digest of digests) counts.set(digest, (counts.get(digest) ?? 0) + 1);
  return counts;
}
