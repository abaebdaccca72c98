import { listMirrors } from '../db/mirrors.ts';
import type { DbOrTrx } from '../db/open.ts';
import type { MirrorRow } from '../db/schema.ts';
import { MASTER, treeOf, type Tree } from '../registry/tree.ts';

/** The network as it was when it was last read. */
export interface View {
  mirrors: readonly MirrorRow[];
  byName: ReadonlyMap<string, MirrorRow>;
  tree: Tree;
  /** The active mirrors that the master itself pushes when everything is well. */
  direct: readonly MirrorRow[];
}

export async function readView(db: DbOrTrx): Promise<View> {
  return viewOf(await listMirrors(db));
}

export function viewOf(mirrors: readonly MirrorRow[]): View {
  const tree = treeOf(mirrors);
  return {
    mirrors,
    byName: new Map(mirrors.map((mirror) => [mirror.name, mirror])),
    tree,
    direct: mirrors.filter(
      ({ name, state }) => state === 'active' && tree.senderOf(name) === MASTER,
    ),
  };
}
