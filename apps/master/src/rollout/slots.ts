import type { MirrorRow } from '../db/schema.ts';
import { MASTER, type Tree } from '../registry/tree.ts';

/** By default so many downstreams of the master, of a tier-1 mirror and of others pull at once. */
const OF_MASTER = 64;
const OF_TIER_1 = 32;
const OF_OTHERS = 16;

/** How many of its downstreams may pull from a mirror, or from the master, at once. */
export function slotsOf(
  mirror: Pick<MirrorRow, 'name' | 'slots'> | undefined,
  tree: Pick<Tree, 'tier'>,
  ofMaster = OF_MASTER,
): number {
  if (mirror === undefined) return ofMaster;
  return mirror.slots ?? (tree.tier(mirror.name) === 1 ? OF_TIER_1 : OF_OTHERS);
}

/** Where a mirror pulls from now: its upstream, or the first mirror above that is alive. */
export function pullsFrom(
  mirror: Pick<MirrorRow, 'name'>,
  tree: Pick<Tree, 'ancestors'>,
  isDead: (mirror: string) => boolean,
): string {
  return tree.ancestors(mirror.name).find((ancestor) => !isDead(ancestor)) ?? MASTER;
}
