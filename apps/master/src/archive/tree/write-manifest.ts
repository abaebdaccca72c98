import {
  bucketName,
  changes,
  encodeBucket,
  encodeRoot,
  LIMITS,
  mayBeNewest,
  MOST_NEWEST,
  rootName,
  type BucketRef,
  type Change,
  type FileEntry,
  type ProfileName,
  type Root,
  type RootRef,
} from '@pushmirror/manifest';
import { ArchiveError } from '../archive-error.ts';
import { entryAt, folderPath, KIND, kindOf, NO_ORDER, orderOf, sizeOf } from './block.ts';
import { cutBuckets, entriesOfCut, firstPath, type Cut } from './cut-buckets.ts';
import type { StagedFolder } from './staged-folder.ts';
import type { TreeState } from './tree-state.ts';

/** Whose manifest it is. */
export interface ReleaseName {
  network: string;
  archive: string;
  epoch: number;
  serial: number;
  profile: ProfileName;
}

/** A manifest whose buckets are written; its root is not. */
export interface Draft {
  root: Root;
  ref: RootRef;
  rootBytes: Buffer;
  indexes: FileEntry[];
}

/**
 * Write the buckets of a tree, those only that are not there yet.
 *
 * @param base a release whose buckets can be taken over where the state says that nothing changed.
 * @throws ArchiveError `too-large`, `disk-full`, `cannot-write`; the signal's reason.
 */
export async function writeBuckets(
  state: TreeState,
  name: ReleaseName,
  folder: StagedFolder,
  base: Root | undefined,
  signal: AbortSignal,
): Promise<Draft> {
  const known = new Map(base?.buckets.map((bucket) => [bucket.first, bucket]));
  const buckets: BucketRef[] = [];
  const indexes: FileEntry[] = [];
  const sum = { entries: 0, files: 0, bytes: 0 };

  const cuts = cutBuckets(state, ({ bytes, at: block }, at) => {
    sum.entries += 1;
    if (kindOf(bytes, at) !== KIND.file) return;
    sum.files += 1;
    sum.bytes += sizeOf(bytes, at);
    if (orderOf(bytes, at) === NO_ORDER) return;
    const entry = entryAt(bytes, at, folderPath(bytes, block));
    if (entry.kind === 'file') indexes.push(entry);
  });
  for (const cut of cuts) {
    signal.throwIfAborted();
    const same = cut.changed ? undefined : takeOver(cut, known, folder);
    if (same !== undefined) {
      buckets.push(same);
      continue;
    }
    const { ref, bytes } = encodeBucket(entriesOfCut(cut));
    if (!folder.has(bucketName(ref))) folder.add(bucketName(ref), bytes);
    buckets.push(ref);
  }
  if (sum.entries > LIMITS.entries || buckets.length > LIMITS.buckets)
    throw tooLarge(name.archive, sum.entries);
  await folder.commit();
  const root = { ...name, ...sum, buckets };
  const { ref, bytes } = encodeRoot(root);
  return { root, ref, rootBytes: bytes, indexes };
}

export interface Comparison {
  changed: number;
  dropped: number;
  deletes: number;
  /** The first few of the files that came or changed. */
  came: FileEntry[];
}

/** Files and links that came or changed, and everything that went, since a release. */
export async function compare(
  before: Root | undefined,
  after: Root,
  folder: StagedFolder,
): Promise<Comparison> {
  const count: Comparison = { changed: 0, dropped: 0, deletes: 0, came: [] };
  if (before === undefined) return { ...count, changed: after.files };
  const read = async (ref: BucketRef) => folder.read(bucketName(ref));
  for await (const change of changes(before, after, read)) {
    if (change.after !== undefined && change.after.kind !== 'folder') count.changed += 1;
    if (isNewest(change) && count.came.length < MOST_NEWEST) count.came.push(change.after);
    if (change.after === undefined) count.deletes += 1;
    if (change.after === undefined && change.before?.kind !== 'folder') count.dropped += 1;
  }
  return count;
}

function isNewest(change: Change): change is Change & { after: FileEntry } {
  const { before, after } = change;
  return after?.kind === 'file' && mayBeNewest(after, before?.kind === 'file');
}

/** Write the root: from now on the manifest is there. */
export async function writeRoot(draft: Draft, folder: StagedFolder): Promise<void> {
  folder.add(rootName(draft.ref), draft.rootBytes);
  await folder.commit();
}

/** The bucket of the base that has exactly these entries, if it has one. */
function takeOver(
  cut: Cut,
  known: ReadonlyMap<string, BucketRef>,
  folder: StagedFolder,
): BucketRef | undefined {
  const bucket = known.get(firstPath(cut));
  const same = bucket?.entries === cut.entries && folder.has(bucketName(bucket));
  return same ? bucket : undefined;
}

export function tooLarge(archive: string, entries: number): ArchiveError {
  return new ArchiveError(
    'too-large',
    `${archive} has at least ${entries} files and folders; a manifest can list ${LIMITS.entries}. ` +
      'Split the archive, or publish it without a manifest (classic).',
  );
}
