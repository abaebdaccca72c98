import { appendAudit, type Actor } from '../../db/audit.ts';
import { findMirror } from '../../db/mirrors.ts';
import type { Db, DbOrTrx } from '../../db/open.ts';
import type { MirrorRow, PushRow } from '../../db/schema.ts';
import { unknownMirror } from '../../errors.ts';

/** Somebody does something with one mirror. */
export interface Doing {
  db: Db;
  mirror: string;
  by: Actor;
  at: Date;
}

/** What came of it. */
export interface Done {
  /** For the audit. */
  detail?: Record<string, unknown>;
  /** Pushes that changed by it, as they are now. */
  pushes?: PushRow[];
}

/**
 * Do it in one transaction with its audit entry.
 *
 * @returns the pushes that changed.
 * @throws MasterError `unknown-mirror`, also for one that has left.
 */
export function act(
  { db, mirror, by, at }: Doing,
  action: string,
  work: (trx: DbOrTrx, row: MirrorRow) => Promise<Done>,
): Promise<PushRow[]> {
  return db.transaction().execute(async (trx) => {
    const row = await findMirror(trx, mirror);
    if (row === undefined || row.state === 'left') {
      throw unknownMirror(mirror);
    }
    const { detail = {}, pushes = [] } = await work(trx, row);
    await appendAudit(trx, at, by, { action, subject: mirror, detail });
    return pushes;
  });
}
