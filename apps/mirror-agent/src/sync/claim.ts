import type { SignedHead } from '@pushmirror/trigger';
import type { Source } from './choose-upstream.ts';
import type { SyncContext } from './context.ts';
import { HEAD_PATH, stage1TraceFile } from './own-files.ts';
import { writeTraceFiles } from './trace-files.ts';
import { removeTreeFile, writeTreeFile } from './tree-files.ts';

/** What the tree says of itself after a sync. */
export interface Claim {
  source: Source;
  head?: SignedHead;
  serial?: number;
  /** Received over the wire, and wall-clock seconds, since `runSync` was called. */
  bytes: number;
  seconds: number;
}

/**
 * Let the tree say which release it is at: the trace file, then hook4, then the head, each on the
 * disk before the next. A head of an earlier release goes away when there is none for this one.
 *
 * @throws SyncFailure `hook`, HostError when something cannot be written.
 */
export async function claim(context: SyncContext, source: Source, startedAt: Date): Promise<Claim> {
  const { archive, mirror, marks, spent } = context;
  const { head, serial, upstream } = source;
  await writeTraceFiles(context, source, startedAt);
  await removeTreeFile(archive.to, stage1TraceFile(mirror));
  await context.hook('hook4', { head, serial, upstream: upstream.url });
  if (head === undefined) await removeTreeFile(archive.to, HEAD_PATH);
  else await writeTreeFile(archive.to, HEAD_PATH, head.bytes);
  await marks.hideChanging();

  const release = {
    ...(head === undefined ? {} : { head }),
    ...(serial === undefined ? {} : { serial }),
    bytes: spent.bytes,
    seconds: context.seconds(),
  };
  context.onEvent({ type: 'claimed', ...release });
  return { source, ...release };
}
