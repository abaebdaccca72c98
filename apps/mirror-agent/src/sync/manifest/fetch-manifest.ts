import { mkdirSync, rmSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import {
  bucketName,
  LIMITS,
  MANIFEST_FOLDER,
  NEWEST_PACK,
  NEWEST_PACK_BYTES,
  rootName,
  TRACE_FOLDER,
  type BucketRef,
  type Root,
  type RootRef,
} from '@pushmirror/manifest';
import type { SyncContext } from '../context.ts';
import { SyncFailure } from '../failure.ts';
import { LARGEST_READ } from '../tree-files.ts';
import type { Upstream } from '../upstream-url.ts';
import { CARRIES_FILE } from './carried.ts';
import type { Expected } from './check-file.ts';
import { nextTraceName } from './digest-names.ts';
import { checkFiles } from './check-files.ts';
import { fetchFiles } from './fetch.ts';
import { mismatch } from './mismatch.ts';
import type { PlannedMove } from './release.ts';
import { offerBasis, putIntoStaging, stagedManifest, type Staging } from './staging.ts';
import type { ManifestStore, Release } from './store.ts';

/** Trace files may come along; a mirror has a few dozen of them. */
const TRACE_BYTES = 16 * 1024 * 1024;
/** Below this a delta costs more than it spares. */
const SMALL_ROOT = 16 * 1024;
/** Of so many files that are missing rsync tells in a second; of ten times as many, in minutes. */
const BUCKETS_A_CALL = 10_000;

export interface ManifestSource {
  upstream: Upstream;
  staging: Staging;
  store: ManifestStore;
  /** Where our own roots are. */
  published: string;
}

/**
 * The root that a head names: our own copy, or the upstream's. With it come the upstream's trace
 * files and its word about what it carries, and what little its newest release brought: one call
 * brings all of a small release.
 *
 * @throws SyncFailure `behind` when the upstream does not have it, `mismatch`, `plan`.
 */
export async function fetchRoot(
  context: SyncContext,
  source: ManifestSource,
  ref: RootRef,
  ours: Release | undefined,
): Promise<Root> {
  const { upstream, staging, store, published } = source;
  const { to } = context.archive;
  const known = await store.root(ref, ours);
  if (known !== undefined) return known;
  if (ref.bytes > LIMITS.rootBytes) {
    const text = `The head's manifest has ${ref.bytes} bytes; ${LIMITS.rootBytes} are allowed.`;
    throw new SyncFailure('plan', text, { retry: false });
  }
  const name = `${MANIFEST_FOLDER}/${rootName(ref)}`;
  // Of the tree itself: an index in the pack is much like that of the release before.
  const basis = [to];
  if (ours !== undefined && ours.ref.bytes > SMALL_ROOT) {
    await offerBasis(staging, name, join(published, rootName(ours.ref)));
    basis.unshift(staging.basis);
  }
  rmSync(join(staging.files, CARRIES_FILE), { recursive: true, force: true });
  rmSync(join(staging.files, NEWEST_PACK), { recursive: true, force: true });
  const newest = ours === undefined ? [] : [NEWEST_PACK];
  const end = await fetchFiles(context, {
    upstream,
    names: [name, CARRIES_FILE, nextTraceName(ref), `${TRACE_FOLDER}/`, ...newest],
    largest: Math.max(ref.bytes, newest.length > 0 ? NEWEST_PACK_BYTES : LARGEST_READ),
    total: ref.bytes + TRACE_BYTES + NEWEST_PACK_BYTES,
    into: staging.files,
    basis,
  });
  const expected = { path: name, size: ref.bytes, sha256: ref.sha256 };
  const [flawed] = await checkFiles(staging.files, [expected], context.signal);
  if (flawed === undefined) {
    const root = await store.root(ref, ours);
    if (root !== undefined) return root;
  }
  await rm(join(staging.files, name), { recursive: true, force: true });
  if (flawed !== undefined && flawed.flaw !== 'missing') throw mismatch(upstream, [flawed]);
  const text = `upstream ${upstream.url} does not have the manifest of the release that we are after`;
  throw new SyncFailure('behind', text, { retry: true, rsync: end });
}

/**
 * Bring buckets into staging, unless they are there from an earlier attempt; first what came along
 * with the root.
 *
 * @throws SyncFailure `mismatch`
 */
export async function fetchBuckets(
  context: SyncContext,
  { upstream, staging }: ManifestSource,
  buckets: readonly BucketRef[],
  newest: PlannedMove['newest'],
): Promise<void> {
  if (buckets.length === 0) return;
  const all = buckets.map((bucket) => ({
    path: `${MANIFEST_FOLDER}/${bucketName(bucket)}`,
    size: bucket.bytes,
    sha256: bucket.sha256,
  }));
  const names = new Set(await readdir(stagedManifest(staging)).catch(() => []));
  const there = all.filter(({ path }) => names.has(basename(path)));
  const flawed = await checkFiles(staging.files, there, context.signal);
  const good = new Set(there);
  for (const { expected } of flawed) good.delete(expected);
  mkdirSync(stagedManifest(staging), { recursive: true, mode: 0o700 });
  const lacking = all.filter((expected) => {
    if (good.has(expected)) return false;
    const bytes = newest.get(expected.sha256);
    if (bytes?.length !== expected.size) return true;
    putIntoStaging(join(staging.files, expected.path), bytes);
    return false;
  });
  // A part at a time: one that lists what it does not have is found out at the first part.
  for (let at = 0; at < lacking.length; at += BUCKETS_A_CALL) {
    await fetchSome(context, upstream, staging, lacking.slice(at, at + BUCKETS_A_CALL));
  }
}

async function fetchSome(
  context: SyncContext,
  upstream: Upstream,
  staging: Staging,
  expected: readonly Expected[],
): Promise<void> {
  const end = await fetchFiles(context, {
    upstream,
    names: expected.map(({ path }) => path),
    largest: expected.reduce((most, { size }) => Math.max(most, size), 1),
    total: expected.reduce((sum, { size }) => sum + size, 0),
    into: staging.files,
  });
  const flawed = await checkFiles(staging.files, expected, context.signal);
  if (flawed.length > 0) throw await rejected(upstream, staging, flawed, end);
}

async function rejected(
  upstream: Upstream,
  staging: Staging,
  flawed: Awaited<ReturnType<typeof checkFiles>>,
  end: SyncFailure['rsync'],
): Promise<SyncFailure> {
  for (const { expected } of flawed) {
    await rm(join(staging.files, expected.path), { recursive: true, force: true });
  }
  return mismatch(upstream, flawed, end);
}
