import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { onDisk, type Entry } from '@pushmirror/manifest';
import { parseHead, type SignedHead } from '@pushmirror/trigger';
import type { SyncContext } from '../context.ts';
import type { SyncStaged } from '../events.ts';
import { isSameRelease } from '../judge-upstream.ts';
import { NEXT_FOLDER } from '../own-files.ts';
import { makeTreeFolder } from '../tree-files.ts';
import { parseUpstream, type Upstream } from '../upstream-url.ts';
import { moveOf } from './commit.ts';
import { scheduleDeletes } from './deletes.ts';
import { nextName } from './digest-names.ts';
import { filtersOf, sameFilters } from './filters.ts';
import { placeNew, TreeNotAsRecorded } from './place.ts';
import { planAgain } from './plan-release.ts';
import type { Part } from './release.ts';
import { clearNext, forgetStaged, readStaged, writeStaged, type StagedRelease } from './staged.ts';
import { stagedNames, type Staging } from './staging.ts';
import { DamagedBucket } from './store.ts';
import { keepNextTrace } from './traces.ts';
import { Unseen } from './unseen.ts';

/**
 * Stage 1, its second half: put all that is gathered beside the release that readers see. From the
 * record on, whoever finds the tree after a crash can carry on without an upstream.
 */
export async function stageMove(part: Part, upstream: Upstream): Promise<void> {
  const { context, planned } = part;
  const { head } = planned;
  const { serial } = head.head;
  await writeStaged(context.archive.to, { ...moveOf(planned, upstream), complete: false });
  part.later = await placeNew(part);
  await context.hook('hook2', { head, serial, upstream: upstream.url });
}

/** The staged release stays staged: this mirror now has all that its downstreams need of it. */
export async function keepStaged(part: Part, upstream: Upstream): Promise<SyncStaged> {
  const { context, planned } = part;
  if (part.later === 0) await clearNext(context.archive.to);
  else await keepNext(part);
  await keepNextTrace(context.archive.to, planned.staging.files, planned.to.root);
  await writeStaged(context.archive.to, { ...moveOf(planned, upstream), complete: true });
  return toldStaged(context, planned.head);
}

/** What is staged here, in the way of a sync to `head`. */
export type Found =
  /** It is the release: the rest of the way needs no upstream. */
  | { kind: 'part'; part: Part; upstream: Upstream; complete: boolean }
  /** It is the release, and waits. */
  | { kind: 'waits'; staged: SyncStaged };

/**
 * What an earlier sync has staged, if it is the release of `head`. Anything else is given up: what
 * of it the next release does not want either is deleted then.
 */
export async function findStaged(
  context: SyncContext,
  staging: Staging,
  head: SignedHead,
): Promise<Found | undefined> {
  const { archive, mirror } = context;
  const record = await readStaged(archive.to, mirror);
  if (record === undefined) return undefined;
  const wanted = isSameRelease(headOf(record), head) && !context.lookThrough;
  if (!wanted || !sameFilters(record.to.filters, filtersOf(archive))) {
    await abandon(context, staging, record);
    return undefined;
  }
  if (record.complete && !context.mayCommit(head)) {
    return { kind: 'waits', staged: toldStaged(context, head) };
  }
  const planned = await planStaged(context, staging, record, head);
  const upstream = parseUpstream(record.upstream);
  if (planned !== undefined) {
    return { kind: 'part', part: { context, planned }, upstream, complete: record.complete };
  }
  await forgetStaged(archive.to);
  return undefined;
}

function headOf(record: StagedRelease): SignedHead {
  return parseHead(Buffer.from(record.head, 'latin1'));
}

async function planStaged(
  context: SyncContext,
  staging: Staging,
  { from, to }: StagedRelease,
  head: SignedHead,
) {
  try {
    return await planAgain(context, staging, head, from, to);
  } catch (error) {
    if (error instanceof TreeNotAsRecorded || error instanceof DamagedBucket) return undefined;
    throw error;
  }
}

async function abandon(context: SyncContext, staging: Staging, record: StagedRelease) {
  const { to } = context.archive;
  const planned = await planStaged(context, staging, record, headOf(record));
  if (planned !== undefined) {
    const unseen = new Unseen();
    const placed: Entry[] = [];
    for await (const step of planned.plan.content()) if (unseen.has(step)) placed.push(step.entry);
    // A list apart from the one that the release would leave itself.
    const release = { ...record.to, root: { sha256: 'given-up' } };
    await scheduleDeletes(to, release, placed.toReversed(), context.now());
  }
  await forgetStaged(to);
}

/** Content that replaces something waits under its digest, where downstreams find it. */
async function keepNext({ context, planned }: Part): Promise<void> {
  const { to } = context.archive;
  const { plan, staging } = planned;
  const folder = join(to, NEXT_FOLDER);
  await makeTreeFolder(folder);
  const unseen = new Unseen();
  const kept = new Set<string>();
  for await (const step of plan.content()) {
    if (unseen.has(step) || (step.do !== 'fetch' && step.do !== 'reuse')) continue;
    const { entry } = step;
    kept.add(entry.sha256);
    for (const name of stagedNames(entry)) {
      await rename(onDisk(staging.files, name), onDisk(to, nextName(entry))).catch(ignoreMissing);
    }
  }
  for (const name of await readdir(folder)) {
    if (!kept.has(name)) await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** It was kept before, or is on disk at its path already. */
function ignoreMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

function toldStaged(context: SyncContext, head: SignedHead): SyncStaged {
  const { serial } = head.head;
  const { bytes } = context.spent;
  const seconds = context.seconds();
  context.onEvent({ type: 'staged', head, serial, bytes, seconds });
  return { kind: 'staged', head, serial, bytes, seconds };
}
