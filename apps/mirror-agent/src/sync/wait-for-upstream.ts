import { look } from './choose-upstream.ts';
import type { SyncContext } from './context.ts';
import { SyncFailure } from './failure.ts';
import type { Upstream } from './upstream-url.ts';

const LOOK_EVERY_MS = 30_000;

/**
 * Wait while an upstream is itself in a sync: as long as `upstream_busy.wait`, as ftpsync sleeps,
 * but no longer than until it is done, which a look every half minute tells.
 *
 * @throws SyncFailure `stopped`, `deadline`
 */
export async function waitForUpstream(
  context: SyncContext,
  upstream: Upstream,
  reason: string,
): Promise<void> {
  const { wait } = context.archive.upstream_busy;
  context.onEvent({ type: 'waiting', upstream: upstream.url, reason, ms: wait });
  for (let waited = 0; waited < wait; waited += LOOK_EVERY_MS) {
    await context.delay(Math.min(LOOK_EVERY_MS, wait - waited, context.remainingMs()));
    if (await isDone(context, upstream)) return;
  }
}

async function isDone(context: SyncContext, upstream: Upstream): Promise<boolean> {
  try {
    const { inProgress, changing } = await look(context, upstream);
    return inProgress.length === 0 && !changing;
  } catch (error) {
    if (error instanceof SyncFailure && error.code === 'upstream') return false;
    throw error;
  }
}
