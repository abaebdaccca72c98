import type { Change } from './changes.ts';
import type { ReadBucket } from './cursor.ts';
import { ManifestError } from './errors.ts';
import { findEntry, hasEntriesIn } from './lookup.ts';
import type { Root } from './root.ts';
import { printable, type TreePath } from './tree-path.ts';

/**
 * Check what no single bucket shows: that everything that comes new is in a folder that the
 * release lists as a folder (and not, say, below a symlink), and that no folder goes that still has
 * something in it. Tell it of every change, then let it finish.
 *
 * The release before has been checked when it came, or was read from a disk: what it has is in
 * folders. So only what comes new is looked after, and folders that go.
 */
export class FolderCheck {
  readonly #made = new Set<TreePath>(['']);
  readonly #needed = new Set<TreePath>();
  readonly #gone: TreePath[] = [];

  tell({ path, before, after }: Change): void {
    const slash = path.lastIndexOf('/');
    const folder = slash < 0 ? '' : path.slice(0, slash);
    const isNew = after !== undefined && before === undefined;
    if (isNew && !this.#made.has(folder)) this.#needed.add(folder);
    if (after?.kind === 'folder') this.#made.add(path);
    else if (before?.kind === 'folder') this.#gone.push(path);
  }

  /** @throws ManifestError `contradiction`. */
  async finish(after: Root, read: ReadBucket): Promise<void> {
    for (const folder of this.#needed) {
      const entry = await findEntry(after, folder, read);
      if (entry?.kind !== 'folder') {
        throw contradiction(`has something in ${printable(folder)}, which it lists as no folder`);
      }
    }
    for (const folder of this.#gone) {
      if (await hasEntriesIn(after, folder, read)) {
        throw contradiction(`no longer lists ${printable(folder)} as a folder, but things in it`);
      }
    }
  }
}

function contradiction(what: string): ManifestError {
  return new ManifestError('contradiction', `The manifest contradicts itself: it ${what}.`);
}
