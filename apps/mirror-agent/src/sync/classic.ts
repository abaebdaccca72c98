import type { SignedHead } from '@pushmirror/trigger';
import { claim, type Claim } from './claim.ts';
import { chooseUpstream, look, type Source } from './choose-upstream.ts';
import type { SyncContext } from './context.ts';
import { SyncFailure } from './failure.ts';
import { sameRelease } from './judge-upstream.ts';
import { forgetCarried } from './manifest/carried.ts';
import { clearNext, forgetStaged } from './manifest/staged.ts';
import { hasNews, showNews } from './news.ts';
import { runPass } from './pass.ts';
import { waitForUpstream } from './wait-for-upstream.ts';

/** What came of one round: the tree is as the upstream says, or why that cannot be said. */
type Outcome = { kind: 'same' } | { kind: 'moved' | 'busy'; reason: string };

/**
 * Classic mode: ftpsync's sync, once through to a claim. In its order:
 *
 *     hook1  [ look  stage 1  hook2  stage 2  hook3  look again ]  trace file  hook4  head
 *
 * The part in brackets is repeated while there is news, or while the upstream is itself in a sync
 * or has moved on meanwhile: a release is only claimed when the upstream was at it before the
 * first pass and still is after the last.
 *
 * @throws SyncFailure; nothing is claimed then, and the mark `changing` stays in the tree once a
 *   pass has begun.
 */
export async function classicSync(context: SyncContext, first?: Source): Promise<Claim> {
  const { archive, marks, onEvent } = context;
  const goal = context.goal();
  if (goal !== undefined && !context.mayCommit(goal)) throw mayNot(goal);
  const startedAt = context.now();
  await marks.showUpdateRequired();
  await context.hook('hook1', { head: context.goal() });

  for (let round = 1; ; round += 1) {
    const source = (round === 1 ? first : undefined) ?? (await chooseUpstream(context));
    const { upstream } = source;
    onEvent({ type: 'syncing', upstream: upstream.url, ...release(source), round });
    const outcome = await runRound(context, source);
    if (outcome.kind === 'same') return claim(context, source, startedAt);

    if (round > archive.upstream_busy.retries) {
      throw new SyncFailure('busy', `${outcome.reason}; given up after ${round} rounds`, {
        retry: true,
      });
    }
    onEvent({ type: 'again', reason: outcome.reason });
    await marks.showUpdateRequired();
    if (outcome.kind === 'busy') await waitForUpstream(context, upstream, outcome.reason);
  }
}

async function runRound(context: SyncContext, source: Source): Promise<Outcome> {
  const stopShowing = showNews(context, source);
  try {
    return await runStages(context, source);
  } catch (error) {
    // As in ftpsync: a transfer that was only partial does not matter when there is news.
    const partial = error instanceof SyncFailure && [23, 30].includes(error.rsync?.code ?? 0);
    if (!partial || !(await hasNews(context, source))) throw error;
    return { kind: 'moved', reason: error.message };
  } finally {
    stopShowing();
  }
}

async function runStages(context: SyncContext, source: Source): Promise<Outcome> {
  const { marks, spent, onEvent } = context;
  const { upstream } = source;
  const about = { ...release(source), upstream: upstream.url };
  await marks.showChanging();
  await forgetCarried(context.archive.to);
  await forgetStaged(context.archive.to);
  await clearNext(context.archive.to);
  await marks.hideUpdateRequired();
  await marks.takeUpstreamMarks(); // Only what this round brings says that the upstream is busy.

  await runPass(context, 1, upstream);
  if (await hasNews(context, source)) {
    const view = await look(context, upstream);
    if (!sameRelease(source.view, view)) return moved(upstream.url);
  }
  await context.hook('hook2', about);
  onEvent({ type: 'staged', ...release(source), bytes: spent.bytes, seconds: context.seconds() });

  const inProgress = await marks.takeUpstreamMarks();
  if (inProgress.length > 0) return busy(upstream.url, inProgress);
  await runPass(context, 2, upstream);
  await context.hook('hook3', about);
  return confirm(context, source);
}

/** Is the upstream still where it was before the first pass? Then our tree is there, too. */
async function confirm(context: SyncContext, source: Source): Promise<Outcome> {
  const { upstream } = source;
  const view = await look(context, upstream);
  if (view.inProgress.length > 0) return busy(upstream.url, view.inProgress);
  if (view.changing) return busy(upstream.url, [upstream.host]);
  return sameRelease(source.view, view) ? { kind: 'same' } : moved(upstream.url);
}

/** ftpsync's passes cannot stop before the indexes with all of the release at hand. */
function mayNot({ head }: SignedHead): SyncFailure {
  const text = `Serial ${head.serial} may not be shown yet, and classic mode cannot stage it: it is synced when it may.`;
  return new SyncFailure('behind', text, { retry: true });
}

function moved(url: string): Outcome {
  return { kind: 'moved', reason: `upstream ${url} moved on to another release meanwhile` };
}

function busy(url: string, who: readonly string[]): Outcome {
  const names = who.slice(0, 5).join(', ');
  const reason = `upstream ${url} has an update in progress (${names}), or a mark of one that never ended`;
  return { kind: 'busy', reason };
}

function release({ head, serial }: Source): Pick<Source, 'head' | 'serial'> {
  return { ...(head === undefined ? {} : { head }), ...(serial === undefined ? {} : { serial }) };
}
