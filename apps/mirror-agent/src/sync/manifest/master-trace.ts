import { formatTrace, parseTrace } from '@pushmirror/trace';
import type { Head } from '@pushmirror/trigger';

/**
 * The master's trace file for the release of a head. What was staged before its release was public
 * came with the one of the release before, and stock mirrors below take `Archive serial` from it. One
 * that another program wrote, or that is of this release, stays as it is.
 */
export function masterTraceFor(text: Buffer, { epoch, serial, issued, manifest }: Head): Buffer {
  const trace = parseTrace(text.toString('utf8'));
  if (!(trace.creator ?? '').startsWith('pushmirror ') || trace.head?.serial === serial)
    return text;
  const now = { ...trace, date: issued, archiveSerial: String(serial), headIssued: issued };
  const { manifest: _before, ...rest } = { ...now, head: { epoch, serial } };
  return Buffer.from(formatTrace(manifest === undefined ? rest : { ...rest, manifest }));
}
