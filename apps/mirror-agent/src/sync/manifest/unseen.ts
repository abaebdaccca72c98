import { folderOf, type Step, type TreePath } from '@pushmirror/manifest';

/**
 * Tells the steps of a release's content that readers of the release before do not see: what is
 * new, in folders that are there. All else replaces something that they still have, and waits for
 * the switch. Asked about each step once, in the plan's order.
 */
export class Unseen {
  /** Folders that stand where readers still find something else, and folders in those. */
  readonly #later = new Set<TreePath>();

  has({ entry, replaces }: Step): boolean {
    const isBelow = this.#later.has(folderOf(entry.path));
    const isBlocked = isBelow || (replaces !== undefined && replaces !== 'folder');
    if (entry.kind === 'folder' && isBlocked) this.#later.add(entry.path);
    return replaces === undefined && !isBelow;
  }
}
