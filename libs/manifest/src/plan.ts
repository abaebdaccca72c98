import { changes, type Change } from './changes.ts';
import type { ReadBucket } from './cursor.ts';
import { Contents, type Source, type Sources } from './contents.ts';
import {
  sameEntry,
  type Entry,
  type FileEntry,
  type FolderEntry,
  type LinkEntry,
} from './entry.ts';
import { ManifestError } from './errors.ts';
import { FolderCheck } from './folder-check.ts';
import type { Root } from './root.ts';
import type { Selection } from './selection.ts';
import type { TreePath } from './tree-path.ts';

/** From which release to which, for a mirror that carries what `selected` says. */
export interface Move {
  /** What the mirror has; undefined when it has nothing that it can be sure of. */
  before: Root | undefined;
  after: Root;
  /** Brings buckets of both. */
  read: ReadBucket;
  selected: Selection;
  /** What it carried before, if that was something else; every bucket is then looked at. */
  selectedBefore?: Selection;
  /** A move that deletes more than this many files, folders and links is refused. */
  maxDelete: number;
}

/**
 * One thing to do. `entry` is what stands at its path afterwards; `replaces` is the kind of what
 * readers find there before, undefined where that is nothing.
 */
export type Step = Doing & { replaces: Entry['kind'] | undefined };

type Doing =
  /** Make the folder, or give it its mode. */
  | { do: 'folder'; entry: FolderEntry }
  /** Fetch the file. */
  | { do: 'fetch'; entry: FileEntry }
  /** Its content is what an earlier step fetched for the path `from`: an index, or content. */
  | { do: 'repeat'; entry: FileEntry; from: TreePath }
  /** Its content is on disk at `from`, until the indexes switch or the deletes come. */
  | { do: 'reuse'; entry: FileEntry; from: TreePath }
  /** The content is there; mode or mtime are not. */
  | { do: 'touch'; entry: FileEntry }
  | { do: 'link'; entry: LinkEntry };

/** What a move takes. */
export interface Plan {
  /** Files to fetch, each content once, and their bytes. */
  fetch: { files: number; bytes: number };
  /** Bytes that new files take on disk before anything old is deleted, at most. */
  diskBytes: number;
  /** Paths that come, change or go. */
  changed: number;
  /**
   * What has to go before its path can be made anew, because a folder is on one side of it:
   * remove in this order, just before the first step.
   */
  obstacles: Entry[];
  /**
   * Indexes, in the order in which they switch. Fetch them before the content, some of which may
   * repeat them (Debian's by-hash files); switch them after it.
   */
  indexes: Step[];
  /** Of index files that the mirror carries: digests that come and go, one for each path. */
  indexDigests: { came: string[]; gone: string[] };
  /** What the release dropped, in the order in which it can be deleted. */
  deletes: Entry[];
  /**
   * Stage 1: everything that is not an index, a folder before what is in it. When they are many,
   * read anew from the buckets each time, so that a first sync of a million files does not stand
   * in memory.
   */
  content(): AsyncGenerator<Step>;
}

/**
 * Plan a move between two releases of an archive.
 *
 * @throws ManifestError `over-limit` (too many deletes), `contradiction`, and as decodeBucket.
 */
export async function planMove(move: Move): Promise<Plan> {
  const folders = new FolderCheck();
  const obstacles = new Obstacles();
  const contents = new Contents();
  const indexed: Change[] = [];
  const content = new Kept();
  const deletes: Entry[] = [];
  const came: string[] = [];
  const gone: string[] = [];
  let changed = 0;
  let deleted = 0;

  for await (const change of selectedChanges(move, folders)) {
    changed += 1;
    if (change.after === undefined && ++deleted > move.maxDelete) throw tooManyDeletes(move);
    came.push(...indexDigest(change.after));
    gone.push(...indexDigest(change.before));
    const inTheWay = obstacles.tell(change);
    contents.tell(change, inTheWay);
    if (change.after === undefined) {
      if (change.before !== undefined && !inTheWay) deletes.push(change.before);
    } else if (orderOf(change.after) !== undefined) {
      indexed.push(change);
    } else {
      content.tell(change);
    }
  }
  await folders.finish(move.after, move.read);

  indexed.sort((a, b) => (orderOf(a.after) ?? 0) - (orderOf(b.after) ?? 0));
  const sources = contents.sources();
  const indexes = indexed.flatMap((change) => stepFor(change, sources.of(change)));
  return {
    fetch: contents.toFetch(),
    diskBytes: contents.bytes,
    changed,
    indexes,
    indexDigests: { came, gone },
    // A folder comes before what is in it, so backwards it goes after that.
    obstacles: obstacles.list.toReversed(),
    deletes: deletes.toReversed(),
    content: () => contentSteps(content.all ?? selectedChanges(move), sources.fork()),
  };
}

async function* contentSteps(
  all: Iterable<Change> | AsyncIterable<Change>,
  sources: Sources,
): AsyncGenerator<Step> {
  for await (const change of all) {
    if (orderOf(change.after) === undefined) yield* stepFor(change, sources.of(change));
  }
}

/** Above this they are read again: about half a KiB each. */
const MOST_KEPT = 20_000;

/** Remembers changes as long as they are few. */
class Kept {
  all: Change[] | undefined = [];

  tell(change: Change): void {
    if (this.all?.push(change) === MOST_KEPT) this.all = undefined;
  }
}

/** The changes of what the mirror carries. The check sees all of them. */
async function* selectedChanges(move: Move, check?: FolderCheck): AsyncGenerator<Change> {
  const { before, after, read, selected, selectedBefore = selected } = move;
  const whole = move.selectedBefore !== undefined;
  for await (const change of changes(before, after, read, whole)) {
    check?.tell(change);
    const { path } = change;
    const had = carried(change.before, selectedBefore);
    const has = carried(change.after, selected);
    if (had === undefined && has === undefined) continue;
    if (had !== undefined && has !== undefined && sameEntry(had, has)) continue;
    yield { path, before: had, after: has };
  }
}

function carried(entry: Entry | undefined, selected: Selection): Entry | undefined {
  if (entry === undefined) return undefined;
  return selected(entry.path, entry.kind === 'folder') ? entry : undefined;
}

function stepFor({ before, after }: Change, source: Source): Step[] {
  if (after === undefined) return [];
  return [{ ...doingFor(after, source), replaces: before?.kind }];
}

function doingFor(entry: Entry, source: Source): Doing {
  if (entry.kind === 'folder') return { do: 'folder', entry };
  if (entry.kind === 'link') return { do: 'link', entry };
  if (source.in === 'place') return { do: 'touch', entry };
  if (source.in === 'upstream') return { do: 'fetch', entry };
  return { do: source.in === 'tree' ? 'reuse' : 'repeat', entry, from: source.path };
}

function indexDigest(entry: Entry | undefined): string[] {
  return entry?.kind === 'file' && entry.order !== undefined ? [entry.sha256] : [];
}

function orderOf(entry: Entry | undefined): number | undefined {
  return entry === undefined || entry.kind === 'folder' ? undefined : entry.order;
}

/** Collects what stands in the way of something of another kind, and all that is in it. */
class Obstacles {
  readonly list: Entry[] = [];
  readonly #folders = new Set<TreePath>();

  tell({ path, before, after }: Change): boolean {
    if (before === undefined) return false;
    const blocks = after !== undefined && (before.kind === 'folder') !== (after.kind === 'folder');
    if (!blocks && !this.#isBelowOne(path)) return false;
    this.list.push(before);
    if (before.kind === 'folder') this.#folders.add(path);
    return true;
  }

  #isBelowOne(path: TreePath): boolean {
    return this.#folders.size > 0 && this.#folders.has(path.slice(0, path.lastIndexOf('/')));
  }
}

function tooManyDeletes({ after, maxDelete }: Move): ManifestError {
  return new ManifestError(
    'over-limit',
    `Release ${after.serial} of ${after.archive} drops more than ${maxDelete} files and folders. ` +
      'If that is right, raise max_delete for it.',
  );
}
