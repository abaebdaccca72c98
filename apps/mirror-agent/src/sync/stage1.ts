import { formatTrace } from '@pushmirror/trace';
import { chooseUpstream } from './choose-upstream.ts';
import { createContext, type SyncOptions } from './create-context.ts';
import type { SyncFailed } from './events.ts';
import { prepareFolder } from './folder.ts';
import { inLockedTree } from './locked-tree.ts';
import { forgetCarried } from './manifest/carried.ts';
import { clearNext, forgetStaged } from './manifest/staged.ts';
import { stage1TraceFile } from './own-files.ts';
import { runPass } from './pass.ts';
import { asFailed } from './sync.ts';
import { describeSync } from './trace-content.ts';
import { writeTreeFile } from './tree-files.ts';

/**
 * ftpsync's stage 1 and no more, from an upstream that publishes no head: all but the index files,
 * and nothing is deleted. Nothing is claimed; a whole sync follows, by the word to do stage 2 or by
 * the next poll.
 *
 * @returns why it failed, or undefined.
 */
export async function runStage1(options: SyncOptions): Promise<SyncFailed | undefined> {
  try {
    const context = createContext(options);
    const { archive, marks, mirror } = context;
    await prepareFolder(archive.to);
    await inLockedTree(context, async () => {
      const startedAt = context.now();
      await context.hook('hook1', { head: context.goal() });
      const source = await chooseUpstream(context);
      const { upstream } = source;
      context.onEvent({ type: 'syncing', upstream: upstream.url, round: 1 });
      await marks.showChanging();
      await forgetCarried(archive.to);
      await forgetStaged(archive.to);
      await clearNext(archive.to);
      await runPass(context, 1, upstream);
      await marks.takeUpstreamMarks(); // Stage 2 asks whether the upstream is at work then.
      await context.hook('hook2', { upstream: upstream.url });
      const trace = await describeSync(context, source, startedAt);
      await writeTreeFile(archive.to, stage1TraceFile(mirror), formatTrace(trace));
    });
    return undefined;
  } catch (error) {
    return asFailed(error);
  }
}
