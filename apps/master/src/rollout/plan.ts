import { treeOf, type Place, type Tree } from '../registry/tree.ts';

/** What the plan needs to know of a mirror. */
export interface Candidate extends Place {
  state: 'active' | 'paused';
}

/** One push to be made. */
export interface PlannedPush {
  mirror: string;
  /** `master`, or the hub that will send it. */
  sender: string;
}

/**
 * Who is to be told of a release: every active mirror that has opted in to the archive, by the
 * sender that the tree gives it.
 */
export function planRollout(
  mirrors: readonly Candidate[],
  optedIn: ReadonlySet<string>,
): PlannedPush[] {
  const tree = treeOf(mirrors);
  return mirrors
    .filter((mirror) => mirror.state === 'active' && optedIn.has(mirror.name))
    .map((mirror) => ({ mirror: mirror.name, sender: tree.senderOf(mirror.name) }));
}

/**
 * The order of sending: hubs first, since others wait for them.
 */
export function priorityIn(tree: Tree): (mirror: string) => 'hub' | 'healthy' {
  return (mirror) => (tree.descendants(mirror) > 0 ? 'hub' : 'healthy');
}
