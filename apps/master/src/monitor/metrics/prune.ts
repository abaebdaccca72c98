import { setImmediate as turn } from 'node:timers/promises';
import type { Db } from '../../db/open.ts';
import { deleteOldSums } from '../../db/probe-sums.ts';
import { deleteOldChanges, deleteStraySightings } from '../../db/sightings.ts';

/** What one round of forgetting deleted. */
export interface PrunedSums {
  hours: number;
  days: number;
  changes: number;
}

/** A short transaction each, so that a report or a look waits for none of it. */
const ROWS_PER_TRANSACTION = 500;
/** A round has an end; the next one carries on. */
const TRANSACTIONS_PER_ROUND = 200;

/** Delete the sums of hours and days that are too old, and what changed before those days. */
export async function pruneSums(
  db: Db,
  keep: { hoursMs: number; daysMs: number },
  o: { now: () => Date; signal: AbortSignal },
): Promise<PrunedSums> {
  const before = (ms: number) => new Date(o.now().getTime() - ms).toISOString();
  const limit = ROWS_PER_TRANSACTION;
  let left = TRANSACTIONS_PER_ROUND;
  const untilNone = async (work: (trx: Parameters<typeof deleteOldSums>[0]) => Promise<number>) => {
    let sum = 0;
    while (left > 0 && !o.signal.aborted) {
      left -= 1;
      const count = await db.transaction().execute(work);
      sum += count;
      if (count < limit) break;
      await turn();
    }
    return sum;
  };
  const hours = { before: before(keep.hoursMs), limit };
  const days = { before: before(keep.daysMs), limit };
  const pruned = {
    hours: await untilNone((trx) => deleteOldSums(trx, 'probe_hour', hours)),
    days: await untilNone((trx) => deleteOldSums(trx, 'probe_day', days)),
    changes: await untilNone((trx) => deleteOldChanges(trx, days)),
  };
  if (!o.signal.aborted) await deleteStraySightings(db);
  return pruned;
}
