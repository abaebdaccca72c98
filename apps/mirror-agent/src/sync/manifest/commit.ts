import type { SignedHead } from '@pushmirror/trigger';
import { claim, type Claim } from '../claim.ts';
import type { Source } from '../choose-upstream.ts';
import type { SyncContext } from '../context.ts';
import type { Upstream } from '../upstream-url.ts';
import { markOf, writeCarried } from './carried.ts';
import { runDeletes, scheduleDeletes } from './deletes.ts';
import { completeByHash } from './indexes.ts';
import { placeContent } from './place.ts';
import { pruneReleases } from './prune.ts';
import type { Part } from './release.ts';
import { switchIndexes } from './switch.ts';
import { showTraces } from './traces.ts';

/**
 * Move the tree, now that all of the release is in staging and checked: content, then indexes, then
 * the claim, then deletes. From the mark `changing` on, whoever finds the tree after a crash can
 * carry on without an upstream.
 */
export async function commitMove(part: Part, upstream: Upstream, startedAt: Date): Promise<Claim> {
  const { context, planned } = part;
  const { archive, marks } = context;
  const { head, plan, staging, to, from } = planned;
  const about = { head, serial: head.head.serial, upstream: upstream.url };

  const mark = { to, head: head.bytes.toString('latin1'), upstream: upstream.url };
  await marks.showChanging(markOf(from === undefined ? mark : { ...mark, from }));
  await placeContent(part);
  await context.hook('hook2', about);
  const { bytes } = context.spent;
  const { serial } = head.head;
  context.onEvent({ type: 'staged', head, serial, bytes, seconds: context.seconds() });

  await timed(context, async () => {
    await switchIndexes(part);
    if (from === undefined) {
      const { after, selected, read } = planned.move;
      await completeByHash(archive.to, staging, { root: after, read, selected });
    }
  });
  await context.hook('hook3', about);
  await scheduleDeletes(archive.to, to, plan.deletes, dueAt(context));
  await showTraces(archive.to, staging.files, context.mirror);
  await writeCarried(archive.to, to);
  const claimed = await claim(context, sourceOf(context, upstream, head), startedAt);
  await cleanUp(part);
  return claimed;
}

/** When what this release dropped is deleted: after the archive's grace period. */
function dueAt(context: SyncContext): Date {
  return new Date(context.now().getTime() + (context.archive.delete_after ?? 0));
}

async function cleanUp({ context, planned }: Part): Promise<void> {
  const { archive } = context;
  const { after, read, selected } = planned.move;
  await runDeletes(archive.to, { root: after, read, selected }, context.now());
  await pruneReleases(archive.to);
  await planned.staging.clean();
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
