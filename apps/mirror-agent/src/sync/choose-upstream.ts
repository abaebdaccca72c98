import type { SignedHead } from '@pushmirror/trigger';
import type { SyncContext } from './context.ts';
import { SyncFailure } from './failure.ts';
import { judgeUpstream } from './judge-upstream.ts';
import { lookAtUpstream, type Upstream, type UpstreamView } from './upstream.ts';

/** An upstream that can bring us to our goal, as it stood when we looked. */
export interface Source {
  upstream: Upstream;
  view: UpstreamView;
  /** Our goal at that moment. */
  goal: SignedHead | undefined;
  /** What may be claimed when the tree is as the upstream's; nothing when it makes no claim. */
  head?: SignedHead;
  serial?: number;
  /** How the tree was synced; `classic` when left out. */
  mode?: 'manifest';
}

const LOOK_MS = 60_000;
const LONGEST_REASON = 1_900;

/**
 * Look at the upstream, then at the fallbacks in their order, and take the first that has our goal
 * or something newer.
 *
 * @throws SyncFailure `behind` or `upstream`, with what is wrong with each of them.
 */
export async function chooseUpstream(context: SyncContext): Promise<Source> {
  const goal = context.goal();
  const failures: SyncFailure[] = [];
  for (const upstream of context.upstreams) {
    try {
      return await tryUpstream(context, upstream, goal);
    } catch (error) {
      if (!(error instanceof SyncFailure) || error.code === 'stopped') throw error;
      context.remainingMs();
      failures.push(error);
      context.onEvent({ type: 'passed-over', upstream: upstream.url, reason: error.message });
    }
  }
  throw allFailed(failures);
}

/** What is wrong with each of the upstreams, as one failure. */
export function allFailed(failures: readonly SyncFailure[]): SyncFailure {
  return new SyncFailure(
    failures.some((failure) => failure.code === 'behind') ? 'behind' : 'upstream',
    failures
      .map((failure) => failure.message)
      .join('; ')
      .slice(0, LONGEST_REASON),
    {
      retry: failures.some((failure) => failure.retry),
      rsync: failures.find((failure) => failure.rsync !== undefined)?.rsync,
    },
  );
}

/** Look at an upstream within what is left of the sync's deadline. */
export async function look(context: SyncContext, upstream: Upstream): Promise<UpstreamView> {
  const { archive, mirror, stateDir, signal } = context;
  const deadlineMs = Math.min(LOOK_MS, context.remainingMs());
  try {
    return await lookAtUpstream({ archive, mirror, upstream, stateDir, signal, deadlineMs });
  } catch (error) {
    if (!(error instanceof SyncFailure) || error.code === 'stopped') throw error;
    const text = `upstream ${upstream.url} could not be looked at: ${error.message}`;
    throw new SyncFailure('upstream', text, {
      retry: error.retry,
      rsync: error.rsync,
      cause: error,
    });
  }
}

async function tryUpstream(
  context: SyncContext,
  upstream: Upstream,
  goal: SignedHead | undefined,
): Promise<Source> {
  const view = await look(context, upstream);
  const verdict = judgeUpstream(upstream.url, view, goal);
  switch (verdict.verdict) {
    case 'unusable':
      throw new SyncFailure('behind', verdict.reason, { retry: true });
    case 'at-goal':
      return { upstream, view, goal, ...claimOf(goal) };
    case 'ask':
      return {
        upstream,
        view,
        goal,
        ...claimOf(await ask(context, upstream, verdict.signed, goal)),
      };
    case 'headless': {
      const { serial } = verdict;
      return { upstream, view, goal, ...(serial === undefined ? {} : { serial }) };
    }
  }
}

/** Have the upstream's head judged. Without a judge, and without a goal, we claim nothing. */
async function ask(
  context: SyncContext,
  upstream: Upstream,
  signed: SignedHead,
  goal: SignedHead | undefined,
): Promise<SignedHead | undefined> {
  const answer = await context.acceptHead?.(signed.bytes);
  if (answer?.accepted === true) return answer.signed;
  if (answer === undefined && goal === undefined) return undefined;
  const { url } = upstream;
  const reason =
    answer === undefined
      ? `upstream ${url} is already at serial ${signed.head.serial}, whose head has not been accepted here yet`
      : `upstream ${url} shows a head that is refused: ${answer.reason}`;
  throw new SyncFailure('behind', reason, { retry: true });
}

function claimOf(head: SignedHead | undefined): { head?: SignedHead; serial?: number } {
  return head === undefined ? {} : { head, serial: head.head.serial };
}
