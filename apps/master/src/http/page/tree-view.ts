import { byName } from '../../monitor/by-name.ts';
import type { Tree } from '../../registry/tree.ts';
import type { Tone } from './row.ts';

/** A mirror in the drawn tree, with what hangs below it. */
export interface Branch {
  name: string;
  tone: Tone;
  words: string;
  /** Those with downstreams of their own, and those without, which are drawn close together. */
  hubs: Branch[];
  leaves: Branch[];
}

/**
 * The part of the tree below a mirror (or the master) that concerns somebody: what `stateOf` knows
 * nothing of is left out, unless something known hangs below it.
 */
export function treeView(
  tree: Tree,
  below: string,
  stateOf: (name: string) => { tone: Tone; words: string } | undefined,
): Branch[] {
  return tree
    .downstreams(below)
    .toSorted(byName)
    .flatMap((name) => {
      const inner = treeView(tree, name, stateOf);
      const state = stateOf(name);
      if (state === undefined && inner.length === 0) return [];
      const hubs = inner.filter((one) => one.hubs.length + one.leaves.length > 0);
      const leaves = inner.filter((one) => one.hubs.length + one.leaves.length === 0);
      return [{ name, ...(state ?? { tone: 'quiet', words: 'has no part in it' }), hubs, leaves }];
    });
}
