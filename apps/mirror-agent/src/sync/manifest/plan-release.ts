import { join } from 'node:path';
import {
  ManifestError,
  MANIFEST_FOLDER,
  newBuckets,
  planMove,
  type Move,
  type ReadBucket,
  type Root,
  type RootRef,
} from '@pushmirror/manifest';
import type { SignedHead } from '@pushmirror/trigger';
import type { SyncContext } from '../context.ts';
import { SyncFailure } from '../failure.ts';
import type { Upstream } from '../upstream-url.ts';
import { describeDisk, DISK_SERIAL } from './adopt.ts';
import { readStanding, type Carried } from './carried.ts';
import { fetchBuckets, fetchRoot, type ManifestSource } from './fetch-manifest.ts';
import { filtersOf, sameFilters, selectionOf } from './filters.ts';
import { lastRoot } from './last-root.ts';
import { readNewest } from './newest.ts';
import type { PlannedMove } from './release.ts';
import { diskScratch, stagedManifest, type Staging } from './staging.ts';
import { createStore, DamagedBucket, type ManifestStore } from './store.ts';

/** So often what is damaged on our own disk is fetched anew. */
const MOST_ATTEMPTS = 3;

/** Our own roots and buckets, those in staging included. */
function storeOf(to: string, staging: Staging): ManifestStore {
  return createStore(join(to, MANIFEST_FOLDER), stagedManifest(staging), diskScratch(staging));
}

/**
 * Fetch what is new of a head's manifest, and plan the move there from wherever the tree is.
 *
 * @throws SyncFailure `plan` when the release cannot be had on this mirror, whoever serves it;
 * `behind`, `mismatch` and others when it cannot be had from this upstream.
 */
export async function planRelease(
  context: SyncContext,
  staging: Staging,
  upstream: Upstream,
  head: SignedHead,
): Promise<PlannedMove> {
  const { archive, mirror } = context;
  const store = storeOf(archive.to, staging);
  const published = join(archive.to, MANIFEST_FOLDER);
  const source: ManifestSource = { upstream, staging, store, published };
  const standing = await readStanding(archive.to, mirror);
  let from =
    standing.at === 'release' && !context.lookThrough && isOf(standing.carried, head)
      ? standing.carried
      : undefined;
  for (let attempt = 1; ; attempt += 1) {
    try {
      const before = from && (lastRoot(archive.to, from.root) ?? (await store.root(from.root)));
      if (before === undefined) from = undefined;
      const ours = from && before && { ref: from.root, root: before };
      const root = await fetchRoot(context, source, manifestOf(head), ours);
      checkIsOf(root, head);
      const newest = await readNewest(staging);
      await fetchBuckets(context, source, await store.missing(root.buckets), newest);
      return await planFrom(context, { store, staging, head, root, from, before, newest });
    } catch (error) {
      if (error instanceof ManifestError) throw refused(error);
      if (!(error instanceof DamagedBucket) || attempt === MOST_ATTEMPTS) throw error;
      if (await wasOnlyBefore(store, head, error)) from = undefined;
    }
  }
}

/** Plan a move between two releases whose manifests are on our disk; undefined when one is not. */
export async function planAgain(
  context: SyncContext,
  staging: Staging,
  head: SignedHead,
  from: Carried,
  to: Carried,
): Promise<PlannedMove | undefined> {
  const store = storeOf(context.archive.to, staging);
  const before = await store.root(from.root);
  const root = await store.root(to.root);
  if (before === undefined || root === undefined) return undefined;
  const move: Move = {
    before,
    after: root,
    read: store.read,
    selected: selectionOf(to.filters),
    ...(sameFilters(from.filters, to.filters) ? {} : { selectedBefore: selectionOf(from.filters) }),
    maxDelete: Number.MAX_SAFE_INTEGER, // It has been judged when the move began.
  };
  return { head, root, from, to, move, plan: await planMove(move), staging, newest: new Map() };
}

interface Known {
  store: ManifestStore;
  staging: Staging;
  head: SignedHead;
  root: Root;
  from: Carried | undefined;
  before: Root | undefined;
  newest: PlannedMove['newest'];
}

async function planFrom(context: SyncContext, known: Known): Promise<PlannedMove> {
  const { archive, mirror } = context;
  const { store, staging, head, root, from, newest } = known;
  const filters = filtersOf(archive);
  const selected = selectionOf(filters);
  const { network, epoch, serial } = head.head;
  const ref = manifestOf(head);
  const to: Carried = {
    format: 1,
    mirror,
    network,
    archive: head.head.archive,
    epoch,
    serial,
    root: { sha256: ref.sha256, bytes: ref.bytes },
    filters,
  };
  const target = { after: root, selected, maxDelete: archive.max_delete };
  const readAny: ReadBucket = (bucket) => newest.get(bucket.sha256) ?? store.read(bucket);
  if (known.before !== undefined && from !== undefined) {
    const selectedBefore = sameFilters(from.filters, filters)
      ? {}
      : { selectedBefore: selectionOf(from.filters) };
    const move = { ...target, before: known.before, read: readAny, ...selectedBefore };
    return { head, root, from, to, move, plan: await planMove(move), staging, newest };
  }
  const disk = await describeDisk({
    to: archive.to,
    scratch: diskScratch(staging),
    after: root,
    read: readAny,
    selected,
    signal: context.signal,
  });
  const onDisk = new Set(disk.root.buckets.map(({ sha256 }) => sha256));
  const read: Move['read'] = (bucket) =>
    onDisk.has(bucket.sha256) ? disk.read(bucket) : readAny(bucket);
  // Each mirror has this folder, for its own files; it is not the release that lets it go.
  const selectedBefore = (path: string) => path !== 'project';
  const move = { ...target, before: disk.root, read, selectedBefore };
  const found = { ...to, epoch: 0, serial: DISK_SERIAL, root: disk.ref, filters: [] };
  return { head, root, from: found, to, move, plan: await planMove(move), staging, newest };
}

/** A bucket of the old release that is gone leaves nothing to compare with. */
async function wasOnlyBefore(
  store: ManifestStore,
  head: SignedHead,
  { ref }: DamagedBucket,
): Promise<boolean> {
  const root = await store.root(manifestOf(head));
  return (
    root === undefined ||
    newBuckets({ ...root, buckets: [ref] }, root).length === root.buckets.length
  );
}

function manifestOf({ head }: SignedHead): RootRef {
  if (head.manifest === undefined) throw new Error('a head without a manifest cannot be synced to');
  return head.manifest;
}

function isOf(carried: Carried, { head }: SignedHead): boolean {
  return carried.network === head.network && carried.archive === head.archive;
}

function checkIsOf(root: Root, { head }: SignedHead): void {
  const fields = ['network', 'archive', 'epoch', 'serial'] as const;
  const wrong = fields.find((field) => root[field] !== head[field]);
  if (wrong === undefined) return;
  const text = `The head of serial ${head.serial} names a manifest whose ${wrong} is ${root[wrong]}. Publish the archive again.`;
  throw new SyncFailure('plan', text, { retry: false });
}

/** The manifest is what the head names, so that no other upstream has a better one. */
function refused(error: ManifestError): SyncFailure {
  return new SyncFailure('plan', `The release is refused: ${error.message}`, {
    retry: false,
    cause: error,
  });
}
