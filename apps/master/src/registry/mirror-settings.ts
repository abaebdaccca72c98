import { appendAudit, type Actor } from '../db/audit.ts';
import { findMirror, updateMirror } from '../db/mirrors.ts';
import type { Db } from '../db/open.ts';
import type { MirrorRow } from '../db/schema.ts';
import { unknownMirror } from '../errors.ts';
import { changedStock, type StockChange } from './stock.ts';

/** What may be set of a mirror while it is in use; what is left out stays. */
export interface MirrorSettings {
  /** How many of its downstreams may pull from it at once; null is the default of its tier. */
  slots?: number | null | undefined;
  /** Whether a connection to it is kept open between pushes. */
  standing?: boolean | undefined;
  /** How a stock ftpsync mirror is pushed. */
  stock?: StockChange | undefined;
}

/**
 * Change how a mirror is treated.
 *
 * @throws MasterError `unknown-mirror`; `invalid` for what is said of a stock mirror.
 */
export function setMirror(
  db: Db,
  name: string,
  { slots, standing, stock }: MirrorSettings,
  by: Actor,
  at: Date,
): Promise<MirrorRow> {
  return db.transaction().execute(async (trx) => {
    const row = await findMirror(trx, name);
    if (row === undefined) throw unknownMirror(name);
    const change = {
      ...(slots === undefined ? {} : { slots }),
      ...(standing === undefined ? {} : { standing: standing ? (1 as const) : (0 as const) }),
      ...(stock === undefined ? {} : { stock: changedStock(row, stock) }),
    };
    if (Object.keys(change).length > 0) await updateMirror(trx, name, change);
    await appendAudit(trx, at, by, { action: 'mirror-set', subject: name, detail: { ...change } });
    return { ...row, ...change };
  });
}
