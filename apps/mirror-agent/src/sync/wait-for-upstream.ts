import { look } from './choose-upstream.ts';
import type { SyncContext } from './context.ts';
import { SyncFailure } from './failure.ts';
import type { Upstream } from './upstream-url.ts';

const FIRST_LOOK_MS = 1_000;
const LOOK_EVERY_MS = 30_000;

/**
 * Wait while an upstream is itself in a sync: as long as `upstream_busy.wait`, as ftpsync sleeps,
 * but no longer than until it is done, which a look tells: soon at first, then every half minute.
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
  for (let waited = 0, pause = FIRST_LOOK_MS; waited < wait; waited += pause) {
    if (waited > 0) pause = Math.min(pause * 2, LOOK_EVERY_MS);
    await context.delay(Math.min(pause, wait - waited, context.remainingMs()));
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
