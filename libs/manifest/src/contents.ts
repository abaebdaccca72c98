import type { Change } from './changes.ts';
import { sameContent, type FileEntry } from './entry.ts';
import type { TreePath } from './tree-path.ts';

/** Where the content of a file comes from. */
export type Source =
  /** It is at its path already. */
  | { in: 'place' }
  /** It is at another path that the move leaves alone until all content is in place. */
  | { in: 'tree'; path: TreePath }
  /** It is fetched for another path. */
  | { in: 'fetched'; path: TreePath }
  | { in: 'upstream' };

/** Of old files, no more are remembered as sources: memory. Beyond, files are fetched. */
const MOST_SOURCES = 200_000;

/**
 * Finds out which contents a move has to fetch, and fetches none twice. First it is told of every
 * change; then `sources` says, in one order, where the content of each file comes from.
 *
 * For a million new files it remembers 6 bytes of each digest, and all of those only that come
 * more than once.
 */
export class Contents {
  /** Bytes of all files that come or change, however they come. */
  bytes = 0;
  readonly #wanted = new Map<number, number>();
  readonly #repeated = new Set<number>();
  readonly #inTree = new Map<string, TreePath>();

  /** `goesFirst`: the old file makes room before the move, so nothing can be taken from it. */
  tell({ path, before, after }: Change, goesFirst: boolean): void {
    if (after?.kind === 'file' && !isInPlace(before, after)) this.#want(after);
    if (before?.kind !== 'file' || goesFirst || this.#inTree.size >= MOST_SOURCES) return;
    const staysForNow =
      after === undefined || (after.kind !== 'folder' && after.order !== undefined);
    if (staysForNow) this.#inTree.set(before.sha256, path);
  }

  /** How many contents come from upstream; when all changes have been told. */
  toFetch(): { files: number; bytes: number } {
    let files = this.#wanted.size;
    let bytes = 0;
    for (const size of this.#wanted.values()) bytes += size;
    for (const digest of this.#inTree.keys()) {
      const size = this.#wanted.get(shortened(digest));
      if (size === undefined) continue;
      files -= 1;
      bytes -= size;
    }
    return { files, bytes };
  }

  /** When all changes have been told. */
  sources(): Sources {
    return new Sources(this.#inTree, this.#repeated, new Map());
  }

  #want({ sha256, size }: FileEntry): void {
    const digest = shortened(sha256);
    this.bytes += size;
    if (this.#wanted.has(digest)) this.#repeated.add(digest);
    else this.#wanted.set(digest, size);
  }
}

/** Answers, change by change, where a content comes from; the first that needs one fetches it. */
export class Sources {
  constructor(
    readonly inTree: ReadonlyMap<string, TreePath>,
    readonly repeated: ReadonlySet<number>,
    readonly fetched: Map<string, TreePath>,
  ) {}

  of({ path, before, after }: Change): Source {
    if (after?.kind !== 'file' || isInPlace(before, after)) return { in: 'place' };
    const old = this.inTree.get(after.sha256);
    if (old !== undefined) return { in: 'tree', path: old };
    const first = this.fetched.get(after.sha256);
    if (first !== undefined) return { in: 'fetched', path: first };
    if (this.repeated.has(shortened(after.sha256))) this.fetched.set(after.sha256, path);
    return { in: 'upstream' };
  }

  /** One that has seen the same so far, so that a list can be gone through more than once. */
  fork(): Sources {
    return new Sources(this.inTree, this.repeated, new Map(this.fetched));
  }
}

function isInPlace(before: Change['before'], after: FileEntry): boolean {
  return before?.kind === 'file' && sameContent(before, after);
}

function shortened(sha256: string): number {
  return Number.parseInt(sha256.slice(0, 12), 16);
}
