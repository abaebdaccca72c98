import { NetError } from '@pushmirror/net';
import { parseTrace, type TraceFile } from '@pushmirror/trace';
import { TriggerError } from '@pushmirror/trigger/errors';
import { HEAD_PATH, parseHead } from '@pushmirror/trigger/head/head';
import { hasForeignTrace } from '../../archive/foreign-trace.ts';
import type { Db } from '../../db/open.ts';
import type { StockPush } from '../../db/stock-pushes.ts';
import { MasterError } from '../../errors.ts';
import type { HeadReader } from '../../monitor/read-public-head.ts';
import type { TraceKind } from './judge-trace.ts';
import { traceAddress } from './trace-address.ts';

/**
 * A stock mirror's trace file, with the serial that is ours. It names what `project/trace/master`
 * names; where another program writes that, such as dak, its serials are not ours: there the head in
 * the mirror's tree says where it stands, once a sync has ended since the release.
 *
 * @returns undefined when nobody knows where it is; `trace` is, when there is none that can be read.
 */
export async function readStanding(
  o: { db: Db; reader: HeadReader },
  push: StockPush,
  kind: TraceKind,
  signal: AbortSignal,
): Promise<{ trace: TraceFile | undefined } | undefined> {
  const address = await traceAddress(o.db, push, kind);
  if (address === undefined) return undefined;
  const read = (url: string) =>
    o.reader.read({ ...address, url }, signal).catch((error: unknown) => {
      if (error instanceof MasterError || error instanceof NetError) return undefined;
      throw error;
    });
  const text = await read(address.url);
  const trace = text && parseTrace(text.toString('utf8'));
  if (trace === undefined || kind === 'stage1' || !(await hasForeignTrace(o.db, push.archive))) {
    return { trace };
  }
  const { archiveSerial: _theirs, ...rest } = trace;
  const ended = trace.date?.getTime() ?? 0;
  if (ended < Date.parse(push.release.published_at)) return { trace: rest };
  const head = await read(address.url.replace(/project\/trace\/[^/]+$/, HEAD_PATH));
  const serial = head && serialOf(head);
  return { trace: serial === undefined ? rest : { ...rest, archiveSerial: String(serial) } };
}

function serialOf(head: Buffer): number | undefined {
  try {
    return parseHead(head).head.serial;
  } catch (error) {
    if (error instanceof TriggerError) return undefined;
    throw error;
  }
}
