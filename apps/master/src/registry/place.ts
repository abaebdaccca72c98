import type { MirrorArchiveRow, MirrorRow } from '../db/schema.ts';
import { MASTER, treeOf } from './tree.ts';

/** A mirror that looks for an upstream. */
export interface Seeker {
  name: string;
  archives: readonly string[];
  country: string | null;
  /** The upstream that it would like. */
  wish: string | undefined;
}

export interface Network {
  mirrors: readonly MirrorRow[];
  optIns: readonly Pick<MirrorArchiveRow, 'mirror' | 'archive'>[];
}

/** How many downstreams there may be below one upstream, where it does not say otherwise. */
const DIRECT = { master: 64, tier1: 32, deeper: 16 };
/** Nobody is put deeper than this: each tier is one more sync before a mirror is current. */
const DEEPEST_TIER = 4;

/**
 * The upstream for a mirror; null is the master. It gets its wish where that one can take it. Else a
 * hub in its own country, the one with the fewest downstreams of the highest tier; else the master
 * while it has room; else any hub with room. Never itself, nor what pulls from it.
 */
export function placeFor(seeker: Seeker, network: Network): string | null {
  const tree = treeOf(network.mirrors);
  const used = (name: string) =>
    tree.downstreams(name).filter((below) => below !== seeker.name && !hasLeft(below)).length;
  const hasLeft = (name: string) =>
    network.mirrors.find((mirror) => mirror.name === name)?.state === 'left';

  const canTake = (hub: MirrorRow) =>
    hub.name !== seeker.name &&
    hub.kind === 'agent' &&
    hub.state === 'active' &&
    hub.quarantined_at === null &&
    hub.push_key !== null &&
    hub.rsync_url !== null &&
    !tree.ancestors(hub.name).includes(seeker.name) &&
    tree.tier(hub.name) < DEEPEST_TIER &&
    seeker.archives.every((archive) =>
      network.optIns.some((one) => one.mirror === hub.name && one.archive === archive),
    ) &&
    used(hub.name) < (tree.tier(hub.name) === 1 ? DIRECT.tier1 : DIRECT.deeper);

  const hubs = network.mirrors
    .filter(canTake)
    .toSorted(
      (a, b) =>
        tree.tier(a.name) - tree.tier(b.name) ||
        used(a.name) - used(b.name) ||
        (a.name < b.name ? -1 : 1),
    );
  const masterHasRoom = used(MASTER) < DIRECT.master;
  if (seeker.wish === MASTER && masterHasRoom) return null;
  const wished = hubs.find(({ name }) => name === seeker.wish);
  if (wished !== undefined) return wished.name;
  const near = hubs.find(({ country }) => country !== null && country === seeker.country);
  if (near !== undefined) return near.name;
  return masterHasRoom ? null : (hubs[0]?.name ?? null);
}
