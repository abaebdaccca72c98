import { compareHeads, type SignedHead } from '@pushmirror/trigger';
import type { Claim } from '../claim.ts';
import { allFailed, chooseUpstream } from '../choose-upstream.ts';
import { classicSync } from '../classic.ts';
import type { SyncContext } from '../context.ts';
import type { SyncStaged } from '../events.ts';
import { SyncFailure, type SyncFailureCode } from '../failure.ts';
import { goalIsBeyond } from '../news.ts';
import type { Upstream } from '../upstream-url.ts';
import { commitMove } from './commit.ts';
import { finishMove } from './finish-move.ts';
import { gather } from './gather.ts';
import { planRelease } from './plan-release.ts';
import { checkRoom } from './preflight.ts';
import type { Part } from './release.ts';
import { findStaged, keepStaged, stageMove } from './stage.ts';
import { openStaging, type Staging } from './staging.ts';
import { readTheirFilters } from './their-filters.ts';

/** An upstream that is always ahead of what we have heard is followed so far. */
const MOST_HEADS = 3;

/**
 * Sync by manifest: fetch what changed of the list, then what changed of the tree.
 *
 *     [finish an interrupted move]  hook1
 *       plan: root, buckets        -> refused, or what to fetch, replace and delete
 *       gather                     -> all of it in staging, every digest checked
 *     stage 1: new content in place, indexes under their digests   hook2
 *       may it be committed?       -> `staged`, and no: all that is left is done another time
 *     stage 2: content that replaces something, indexes renamed in order
 *              hook3   trace file   hook4   head   deletes
 *
 * Each upstream is tried in turn until one has the release; what one had need not be fetched from
 * the next. Where none has a manifest, classic mode takes over.
 *
 * @throws SyncFailure; nothing has switched then.
 */
export async function manifestSync(
  context: SyncContext,
  first: SignedHead,
): Promise<Claim | SyncStaged> {
  const startedAt = context.now();
  await context.marks.hideUpdateRequired();
  let staging = await openStaging(context.archive.to);
  const finished = await finishMove(context, staging, startedAt);
  if (finished !== undefined && !goalIsBeyond(context, finished.source)) return finished;

  const found = await findStaged(context, staging, first);
  if (found?.kind === 'waits') return found.staged;
  if (found !== undefined) {
    if (!found.complete) await stageMove(found.part, found.upstream);
    return commitOrKeep(found.part, found.upstream, startedAt);
  }

  await context.hook('hook1', { head: first });
  let head = first;
  for (let round = 1; ; round += 1) {
    // The move that was finished has taken it away, an attempt before this one may have used it.
    if (finished !== undefined || round > 1) staging = await openStaging(context.archive.to);
    const attempt = await tryUpstreams(context, staging, head, round);
    if (attempt.kind === 'staged') {
      await stageMove(attempt.part, attempt.upstream);
      return commitOrKeep(attempt.part, attempt.upstream, startedAt);
    }
    const next = await lookForAnother(context, head, attempt.failures);
    if (next === 'classic') return classicSync(context);
    if (round === MOST_HEADS) throw allFailed(attempt.failures);
    context.onEvent({ type: 'again', reason: attempt.failures[0]?.message ?? 'there is news' });
    head = next;
  }
}

async function commitOrKeep(part: Part, upstream: Upstream, startedAt: Date) {
  const { context } = part;
  const { head } = part.planned;
  if (!context.mayCommit(head)) return keepStaged(part, upstream);
  if (part.later !== undefined) {
    // It has just been staged, and is committed at once.
    const { serial } = head.head;
    const { bytes } = context.spent;
    context.onEvent({ type: 'staged', head, serial, bytes, seconds: context.seconds() });
  }
  return commitMove(part, upstream, startedAt);
}

type Attempt =
  | { kind: 'staged'; part: Part; upstream: Upstream }
  | { kind: 'failed'; failures: SyncFailure[] };

async function tryUpstreams(
  context: SyncContext,
  staging: Staging,
  head: SignedHead,
  round: number,
): Promise<Attempt> {
  const failures: SyncFailure[] = [];
  const { serial } = head.head;
  for (const upstream of context.upstreams) {
    context.onEvent({ type: 'syncing', upstream: upstream.url, head, serial, round });
    try {
      const part = { context, planned: await planRelease(context, staging, upstream, head) };
      await checkRoom(context.archive, part.planned.plan, staging);
      await gather(part, upstream, await readTheirFilters(staging));
      return { kind: 'staged', part, upstream };
    } catch (error) {
      if (!(error instanceof SyncFailure) || !UPSTREAMS_OWN.has(error.code)) throw error;
      context.remainingMs();
      const failure = naming(upstream, error);
      failures.push(failure);
      context.onEvent({ type: 'passed-over', upstream: upstream.url, reason: failure.message });
    }
  }
  return { kind: 'failed', failures };
}

/** What may go better with another upstream. */
const UPSTREAMS_OWN: ReadonlySet<SyncFailureCode> = new Set([
  'upstream',
  'behind',
  'busy',
  'rsync',
  'mismatch',
]);

function naming(upstream: Upstream, error: SyncFailure): SyncFailure {
  if (error.message.includes(upstream.url)) return error;
  const { code, retry, rsync } = error;
  const text = `upstream ${upstream.url}: ${error.message}`;
  return new SyncFailure(code, text, { retry, rsync, cause: error });
}

/**
 * No upstream has this release as its head says. One that has moved on to a newer release brings
 * us there instead; when none of them has a manifest at all, classic mode is what is left.
 */
async function lookForAnother(
  context: SyncContext,
  head: SignedHead,
  failures: readonly SyncFailure[],
): Promise<SignedHead | 'classic'> {
  if (failures.every(({ code }) => code === 'rsync' || code === 'upstream')) {
    throw allFailed(failures);
  }
  const source = await chooseUpstream(context).catch((error: unknown) => {
    if (error instanceof SyncFailure && error.code !== 'stopped') throw allFailed(failures);
    throw error;
  });
  const newer = source.head !== undefined && compareHeads(head, source.head) === 'newer';
  if (newer && source.head?.head.manifest !== undefined) return source.head;
  if (newer || failures.every(({ code }) => code === 'behind')) return 'classic';
  throw allFailed(failures);
}
