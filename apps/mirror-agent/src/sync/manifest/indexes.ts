import { mkdir, lstat, rename } from 'node:fs/promises';
import { join } from 'node:path';
import {
  BY_HASH_FOLDER,
  entriesOf,
  onDisk,
  type ReadBucket,
  type Root,
  type Selection,
} from '@pushmirror/manifest';
import { makeTreeFolder } from '../tree-files.ts';
import { readyCopy } from './place.ts';
import type { Staging } from './staging.ts';

/**
 * See to it that every index of a release that the tree holds can be fetched from us by its
 * digest. Needed once, when a tree is adopted; from then on each move adds what is new.
 */
export async function completeByHash(
  to: string,
  staging: Staging,
  release: { root: Root; read: ReadBucket; selected: Selection },
): Promise<void> {
  const folder = join(to, BY_HASH_FOLDER);
  await makeTreeFolder(folder);
  await mkdir(staging.ready, { recursive: true, mode: 0o700 });
  for await (const entry of entriesOf(release.root, release.read)) {
    if (entry.kind !== 'file' || entry.order === undefined) continue;
    if (!release.selected(entry.path, false)) continue;
    const name = join(folder, entry.sha256);
    if ((await lstat(name).catch(() => undefined)) !== undefined) continue;
    const ready = await readyCopy(staging, onDisk(to, entry.path), entry);
    if (ready !== undefined) await rename(ready, name);
  }
}
