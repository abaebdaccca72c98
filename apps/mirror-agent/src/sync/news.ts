import { compareHeads } from '@pushmirror/trigger';
import type { Source } from './choose-upstream.ts';
import type { SyncContext } from './context.ts';
import { isSameRelease } from './judge-upstream.ts';

/** Whether we have heard of something that what we get from this source will not bring us to. */
export function goalIsBeyond(
  context: Pick<SyncContext, 'goal'>,
  source: Pick<Source, 'head' | 'serial'> & { goal?: Source['goal'] },
): boolean {
  const goal = context.goal();
  if (goal === undefined) return false;
  if (source.head !== undefined) {
    const order = compareHeads(source.head, goal);
    return order === 'newer' || order === 'first';
  }
  if (source.serial !== undefined) return goal.head.serial > source.serial;
  return source.goal === undefined || !isSameRelease(source.goal, goal);
}

/** News during a sync: a newer goal, or somebody has put Archive-Update-Required-NAME there. */
export async function hasNews(context: SyncContext, source: Source): Promise<boolean> {
  return goalIsBeyond(context, source) || (await context.marks.updateRequired());
}

const LOOK_EVERY_MS = 1_000;

/** While something long runs, show others at once when there is news. Call the result to stop. */
export function showNews(context: SyncContext, source: Source): () => void {
  let shown = false;
  const timer = setInterval(() => {
    if (shown || !goalIsBeyond(context, source)) return;
    shown = true;
    // Best effort: whether there is news is decided by the goal itself.
    context.marks.showUpdateRequired().catch(() => {});
  }, LOOK_EVERY_MS);
  return () => clearInterval(timer);
}
