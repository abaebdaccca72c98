import { passArguments } from './arguments.ts';
import type { SyncContext } from './context.ts';
import { SyncFailure, type RsyncEnd } from './failure.ts';
import { diskFull } from './folder.ts';
import { runRsync, speaksOfFullDisk } from './rsync.ts';
import type { Progress } from './stats.ts';
import type { Upstream } from './upstream-url.ts';

const PROGRESS_EVERY_MS = 1_000;

/**
 * One of the two passes of classic mode. What it cost is added to `context.spent`.
 *
 * @throws SyncFailure `rsync`, `no-space`, `deadline`, `stopped`
 */
export async function runPass(
  context: SyncContext,
  stage: 1 | 2,
  upstream: Upstream,
): Promise<void> {
  const { archive, mirror, signal, spent } = context;
  const started = performance.now();
  try {
    const { bytes } = await runRsync({
      args: passArguments(stage, archive, mirror, upstream),
      deadlineMs: context.remainingMs(),
      signal,
      onProgress: throttle((progress) => context.onEvent({ type: 'progress', stage, ...progress })),
    });
    spent.bytes += bytes;
  } catch (error) {
    if (!(error instanceof SyncFailure) || error.code === 'stopped') throw error;
    if (error.rsync !== undefined && speaksOfFullDisk(error.rsync)) {
      throw await diskFull(archive.to, archive.min_free, error.rsync);
    }
    if (stage === 1 && onlyLacksRoom(error.rsync)) return;
    const text = `Stage ${stage} from ${upstream.url}: ${error.message}`;
    const { retry, rsync } = error;
    throw new SyncFailure(error.code, text, { retry, rsync, cause: error });
  } finally {
    spent[`stage${stage}`] += (performance.now() - started) / 1000;
  }
}

/**
 * A folder of old that is now a file or a link: without deletes, stage 1 cannot make way for it.
 * Stage 2 can, within max_delete; ftpsync never gets there and stands still.
 */
function onlyLacksRoom(end: RsyncEnd | undefined): boolean {
  const lacking = /^(could not make way for new |cannot delete non-empty directory|rsync error: )/;
  return end?.code === 23 && end.lines.every((line) => lacking.test(line));
}

function throttle(tell: (progress: Progress) => void): (progress: Progress) => void {
  let nextAt = 0;
  return (progress) => {
    const at = performance.now();
    if (at < nextAt) return;
    nextAt = at + PROGRESS_EVERY_MS;
    tell(progress);
  };
}
