import { MasterError } from '../errors.ts';

/** What the tree needs to know of a mirror. `upstream` null is the master. */
export interface Place {
  name: string;
  kind: 'agent' | 'ftpsync';
  upstream: string | null;
  /** Only an active one sends; left out, it is. */
  state?: string;
}

/** The name under which the master itself sends. No mirror may have it. */
export const MASTER = 'master';

/** The whole tree of mirrors, read once and asked often. */
export interface Tree {
  /** 1 for what pulls from the master, 2 below that, and so on. */
  tier(name: string): number;
  /** The mirrors between this one and the master, its own upstream first; without the master. */
  ancestors(name: string): string[];
  /** The direct downstreams of a mirror, or of the master. */
  downstreams(name: string): string[];
  /** How many mirrors get their news through this one. */
  descendants(name: string): number;
  /**
   * Who pushes this mirror: its upstream where that is an active agent, else the nearest one above,
   * else the master. Below a stock ftpsync mirror it is the master, which alone sees where that stands.
   */
  senderOf(name: string): string;
}

/**
 * @throws MasterError `cycle` when a mirror is its own upstream, however far up; `unknown-mirror`
 * when an upstream is not there.
 */
export function treeOf(places: readonly Place[]): Tree {
  const byName = new Map(places.map((place) => [place.name, place]));
  const ancestors = new Map<string, string[]>();
  const children = new Map<string, string[]>();
  const below = new Map<string, number>();
  for (const { name, upstream } of places) {
    const path = pathUp(byName, name);
    ancestors.set(name, path);
    for (const ancestor of path) below.set(ancestor, (below.get(ancestor) ?? 0) + 1);
    const parent = upstream ?? MASTER;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [name]);
    else siblings.push(name);
  }
  const ancestorsOf = (name: string) => ancestors.get(name) ?? [];
  return {
    tier: (name) => ancestorsOf(name).length + 1,
    ancestors: ancestorsOf,
    downstreams: (name) => children.get(name) ?? [],
    descendants: (name) => (name === MASTER ? places.length : (below.get(name) ?? 0)),
    senderOf(name) {
      const nearest = ancestorsOf(name).find(
        (one) => sends(byName.get(one)) || isStock(byName.get(one)),
      );
      return nearest === undefined || isStock(byName.get(nearest)) ? MASTER : nearest;
    },
  };
}

function isStock(place: Place | undefined): boolean {
  return place?.kind === 'ftpsync';
}

function sends(place: Place | undefined): boolean {
  return place?.kind === 'agent' && (place.state ?? 'active') === 'active';
}

/** The way from a mirror up to the master; every step is a mirror that exists and is new. */
function pathUp(byName: ReadonlyMap<string, Place>, name: string): string[] {
  const path: string[] = [];
  const seen = new Set([name]);
  let upstream = byName.get(name)?.upstream ?? null;
  while (upstream !== null) {
    if (seen.has(upstream)) throw cycle([name, ...path, upstream]);
    const place = byName.get(upstream);
    if (place === undefined) {
      throw new MasterError('unknown-mirror', `There is no mirror ${upstream}.`);
    }
    path.push(upstream);
    seen.add(upstream);
    upstream = place.upstream;
  }
  return path;
}

function cycle(path: readonly string[]): MasterError {
  return new MasterError(
    'cycle',
    `This upstream would make a circle: ${path.join(' <- ')}. Choose an upstream that does not pull from ${path[0]}.`,
  );
}
