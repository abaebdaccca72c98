import type { TraceFile } from '@pushmirror/trace';
import type { PushState } from '@pushmirror/trigger';
import type { PushRow, ReleaseRow } from '../../db/schema.ts';

/** A trace file of a stock mirror: of a whole sync, or of its stage 1. */
export type TraceKind = 'whole' | 'stage1';

/**
 * Which of its trace files tells whether a push has come further. One that was not told may have it
 * all the same, where a stock mirror above pushes it.
 */
export function traceWanted(
  push: Pick<PushRow, 'state' | 'wave'>,
  release: Pick<ReleaseRow, 'switch' | 'phase' | 'wave'>,
  belowStock = false,
): TraceKind | undefined {
  const staging =
    release.switch === 'together' && release.phase === 'staging' && push.wave >= release.wave;
  if (!staging) return push.state === 'waiting' && !belowStock ? undefined : 'whole';
  return push.state === 'accepted' || push.state === 'unreachable' ? 'stage1' : undefined;
}

const SKEW_MS = 2_000;

/**
 * What a trace file says of a push. A whole one names the serial that its tree is at. One of stage 1
 * names the serial of before, since the release is not public yet: it counts when its sync began
 * after the mirror was told, by clocks that agree within 2 s.
 */
export function judgeTrace(
  trace: TraceFile,
  kind: TraceKind,
  push: Pick<PushRow, 'serial' | 'sent_at'>,
): Extract<PushState, 'staged' | 'committed'> | undefined {
  if (kind === 'whole') return serialIn(trace) >= push.serial ? 'committed' : undefined;
  const told = push.sent_at === null ? Number.POSITIVE_INFINITY : Date.parse(push.sent_at);
  return (trace.dateStarted?.getTime() ?? 0) >= told - SKEW_MS ? 'staged' : undefined;
}

/** -1 when it names none. */
export function serialIn({ archiveSerial }: TraceFile): number {
  return /^[0-9]{1,15}$/.test(archiveSerial ?? '') ? Number(archiveSerial) : -1;
}
