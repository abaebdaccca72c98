import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { SignedHead } from '@pushmirror/trigger';
import { claim, type Claim } from '../claim.ts';
import type { Source } from '../choose-upstream.ts';
import type { SyncContext } from '../context.ts';
import { STAGED_FILE } from '../own-files.ts';
import type { Upstream } from '../upstream-url.ts';
import { DISK_SERIAL } from './adopt.ts';
import { markOf, writeCarried, type MoveUnderWay } from './carried.ts';
import { runDeletes, scheduleDeletes } from './deletes.ts';
import { noteIndexes } from './index-notes.ts';
import { completeByHash } from './indexes.ts';
import { rememberRoot } from './last-root.ts';
import { placeRest } from './place.ts';
import { pruneReleases } from './prune.ts';
import type { Part, PlannedMove } from './release.ts';
import { clearNext } from './staged.ts';
import { switchIndexes } from './switch.ts';
import { showTraces } from './traces.ts';

/**
 * Switch the tree to a release that is staged: content that replaces something, then indexes, then
 * the claim, then deletes. From the mark `changing` on, whoever finds the tree after a crash can
 * carry on without an upstream.
 */
export async function commitMove(part: Part, upstream: Upstream, startedAt: Date): Promise<Claim> {
  const { context, planned } = part;
  const { archive, marks } = context;
  const { head, plan, staging, to, from } = planned;
  const about = { head, serial: head.head.serial, upstream: upstream.url };

  await marks.showChanging(markOf(moveOf(planned, upstream)));
  await timed(context, async () => {
    if (part.later !== 0) await placeRest(part);
    await switchIndexes(part);
    if (from.serial === DISK_SERIAL) {
      const { after, selected, read } = planned.move;
      await completeByHash(archive.to, staging, { root: after, read, selected });
    }
  });
  await context.hook('hook3', about);
  await scheduleDeletes(archive.to, to, plan.deletes, dueAt(context));
  await showTraces(archive.to, staging.files, context.mirror, head.head, to.root);
  await writeCarried(archive.to, to);
  await rm(join(archive.to, STAGED_FILE), { force: true }); // Durable with the mark's removal.
  const claimed = await claim(context, sourceOf(context, upstream, head), startedAt);
  await cleanUp(part);
  return claimed;
}

/** A move, as it is written down for whoever has to carry on with it. */
export function moveOf({ from, to, head }: PlannedMove, upstream: Upstream): MoveUnderWay {
  return { from, to, head: head.bytes.toString('latin1'), upstream: upstream.url };
}

/** When what this release dropped is deleted: after the archive's grace period. */
function dueAt(context: SyncContext): Date {
  return new Date(context.now().getTime() + (context.archive.delete_after ?? 0));
}

/** So many files leave no more than a few thousand folders in staging. */
const FEW_FILES = 2_000;

async function cleanUp(part: Part): Promise<void> {
  const { context, planned } = part;
  const { archive } = context;
  const { after, read, selected } = planned.move;
  await runDeletes(archive.to, { root: after, read, selected }, context.now());
  await noteIndexes(archive.to, planned);
  await pruneReleases(archive.to, planned.to.root.sha256);
  // Of a release that was staged for a while, a downstream may be fetching it just now.
  if (part.later !== undefined) await clearNext(archive.to);
  await planned.staging.clean(planned.plan.fetch.files <= FEW_FILES);
  rememberRoot(archive.to, planned.to.root, planned.root);
}

function sourceOf(context: SyncContext, upstream: Upstream, head: SignedHead): Source {
  const view = { inProgress: [], changing: false };
  const { serial } = head.head;
  return { upstream, view, goal: context.goal(), head, serial, mode: 'manifest' };
}

async function timed(context: SyncContext, work: () => Promise<void>): Promise<void> {
  const started = performance.now();
  await work();
  context.spent.stage2 += (performance.now() - started) / 1000;
}
