import { HEAD_PATH } from '@pushmirror/trigger/head/head';
import { listOptIns } from '../../db/opt-ins.ts';
import type { DbOrTrx } from '../../db/open.ts';
import type { StockPush } from '../../db/stock-pushes.ts';
import { publicAddress, type PublicAddress } from '../../monitor/public-address.ts';
import { stockOf } from '../../registry/stock.ts';
import type { TraceKind } from './judge-trace.ts';

/** Where a stock mirror's trace file is seen from outside; undefined when that is not known. */
export async function traceAddress(
  db: DbOrTrx,
  { archive, mirror, place }: StockPush,
  kind: TraceKind,
): Promise<PublicAddress | undefined> {
  const carried = (await listOptIns(db, { mirror })).map((row) => row.archive);
  const head = publicAddress(place, archive, carried);
  const name = stockOf({ ...place, name: mirror })?.trace;
  if (head === undefined || name === undefined) return undefined;
  const file = `project/trace/${name}${kind === 'stage1' ? '-stage1' : ''}`;
  return { ...head, url: head.url.slice(0, -HEAD_PATH.length) + file };
}
