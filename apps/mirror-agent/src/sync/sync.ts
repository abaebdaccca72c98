import { errnoOf, HostError } from '@pushmirror/host';
import { chooseUpstream } from './choose-upstream.ts';
import type { Claim } from './claim.ts';
import { classicSync } from './classic.ts';
import type { SyncContext } from './context.ts';
import { createContext, type SyncOptions } from './create-context.ts';
import type { SyncFailed, SyncResult, SyncStaged } from './events.ts';
import { SyncFailure } from './failure.ts';
import { prepareFolder } from './folder.ts';
import { inLockedTree } from './locked-tree.ts';
import { manifestSync } from './manifest/manifest-sync.ts';
import { goalIsBeyond } from './news.ts';

export type { SyncOptions } from './create-context.ts';

/** News that comes in this often during one sync is left to the next. */
const MOST_RUNS = 10;

/**
 * Bring an archive's tree to the goal, and on to whatever the goal has become meanwhile. The tree
 * is locked; it claims a serial only when it is at it.
 *
 * @returns how it ended. What a sync may run into is a result; only faults of our own are thrown.
 */
export async function runSync(options: SyncOptions): Promise<SyncResult> {
  try {
    const context = createContext(options);
    await prepareFolder(context.archive.to);
    return await inLockedTree(context, () => runToGoal(context));
  } catch (error) {
    return asFailed(error);
  }
}

/** One run to a claim, and others as long as the goal has moved on. */
async function runToGoal(context: SyncContext): Promise<SyncResult> {
  let last: Claim | SyncStaged | undefined;
  try {
    for (let run = 1; run <= MOST_RUNS; run += 1) {
      last = await syncOnce(context);
      const reached = isStaged(last) ? last : last.source;
      const more = goalIsBeyond(context, reached) || (await context.marks.updateRequired());
      if (!more) break;
    }
  } catch (error) {
    if (last === undefined || isStaged(last)) throw error;
    return { ...committed(last), unfinished: asFailed(error) };
  }
  if (last === undefined) throw new Error('a sync ended without a claim and without a failure');
  if (isStaged(last)) return last;
  const unproven = lacksProof(context, last);
  return unproven === undefined ? committed(last) : { ...committed(last), unfinished: unproven };
}

function isStaged(last: Claim | SyncStaged): last is SyncStaged {
  return 'kind' in last;
}

/** The tree was synced, but with an upstream that shows no head nobody can say that it is at N. */
function lacksProof(context: SyncContext, { head, source }: Claim): SyncFailed | undefined {
  const goal = context.goal();
  if (goal === undefined || head !== undefined) return undefined;
  const { url } = source.upstream;
  const reason = `The tree is that of upstream ${url}, which does not show that it is at serial ${goal.head.serial}: it has no head.`;
  return { kind: 'failed', reason, retry: true };
}

/**
 * The one place that decides how an archive is synced: by manifest where the head names one. A
 * goal that is not known yet is asked for first.
 */
async function syncOnce(context: SyncContext): Promise<Claim | SyncStaged> {
  if (context.archive.mode === 'classic') return classicSync(context);
  const goal = context.goal();
  if (goal?.head.manifest !== undefined) return manifestSync(context, goal);
  if (goal !== undefined) return classicSync(context);
  const source = await chooseUpstream(context);
  if (source.head?.head.manifest !== undefined) return manifestSync(context, source.head);
  return classicSync(context, source);
}

function committed({ source: _source, ...claim }: Claim): SyncResult & { kind: 'committed' } {
  return { kind: 'committed', ...claim };
}

/** @throws whatever is not of the world's making but of ours. */
export function asFailed(error: unknown): SyncFailed {
  if (error instanceof SyncFailure) {
    const { message: reason, retry, rsync } = error;
    return { kind: 'failed', reason, retry, ...(rsync === undefined ? {} : { rsync }) };
  }
  if (error instanceof HostError) {
    return { kind: 'failed', reason: error.message, retry: !error.code.startsWith('secret-') };
  }
  if (error instanceof Error && errnoOf(error) !== undefined) {
    const reason = `The tree could not be written (${error.message}). Check the disk, and the folder's owner and mode.`;
    return { kind: 'failed', reason, retry: true };
  }
  throw error;
}
