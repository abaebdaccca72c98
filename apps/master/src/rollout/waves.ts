import { treeOf, type Place, type Tree } from '../registry/tree.ts';
import type { Policy } from './policy.ts';

/**
 * Which wave each mirror belongs to, from 0. A wave that names a mirror takes the whole subtree of
 * the tier-1 mirror above it: that one must have the release first, and everybody below a hub that
 * has it hears of it by relay and by poll. The first wave that names one of a subtree has it; who is
 * in none comes last.
 */
export function wavesOf(policy: Pick<Policy, 'waves'>, tree: Tree): (mirror: string) => number {
  const waveOfRoot = new Map<string, number>();
  policy.waves.forEach(({ mirrors }, index) => {
    for (const mirror of mirrors) {
      const root = rootOf(tree, mirror);
      if (!waveOfRoot.has(root)) waveOfRoot.set(root, index);
    }
  });
  return (mirror) => waveOfRoot.get(rootOf(tree, mirror)) ?? policy.waves.length;
}

/** What one wave takes with it. */
export interface WaveMembers {
  wave: number;
  /** By name. */
  mirrors: string[];
}

/** All waves with their mirrors, the rest as the last one. */
export function membersOf(policy: Pick<Policy, 'waves'>, places: readonly Place[]): WaveMembers[] {
  const waveOf = wavesOf(policy, treeOf(places));
  const names = places.map(({ name }) => name).toSorted();
  return [...policy.waves, undefined].map((_, wave) => ({
    wave,
    mirrors: names.filter((name) => waveOf(name) === wave),
  }));
}

/** The mirror of tier 1 through which one gets its news; itself when it is of tier 1. */
function rootOf(tree: Tree, mirror: string): string {
  return tree.ancestors(mirror).at(-1) ?? mirror;
}
