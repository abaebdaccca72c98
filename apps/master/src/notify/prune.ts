import { setImmediate as turn } from 'node:timers/promises';
import { listMirrors } from '../db/mirrors.ts';
import { listSubscriptions, updateSubscription } from '../db/notice-subscriptions.ts';
import { deleteStrayWatches } from '../db/notice-watches.ts';
import { deleteOldDeliveries, deleteOldNotices, dropWaiting } from '../db/notices.ts';
import { deleteSubscription } from '../db/notice-subscriptions.ts';
import type { Db, DbOrTrx } from '../db/open.ts';

/** A short transaction each, so that a report or a look waits for none of it. */
const ROWS_PER_TRANSACTION = 500;
/** A round has an end; the next one carries on. */
const TRANSACTIONS_PER_ROUND = 100;
/** An address that was not confirmed by then never will be. */
const PROVING_MS = 7 * 86_400_000;

/** Forget what was told long ago, and those who are not there any more. Returns how many rows went. */
export async function pruneNotices(
  db: Db,
  o: { keepMs: number; now: Date; signal: AbortSignal },
): Promise<number> {
  await endSubscriptions(db, o.now);
  await db.transaction().execute(deleteStrayWatches);
  const old = { before: ago(o.now, o.keepMs), limit: ROWS_PER_TRANSACTION };
  let [left, deleted] = [TRANSACTIONS_PER_ROUND, 0];
  for (const work of [deleteOldDeliveries, deleteOldNotices]) {
    for (let count = 1; count > 0 && left > 0 && !o.signal.aborted; left -= 1) {
      count = await db.transaction().execute((trx: DbOrTrx) => work(trx, old));
      deleted += count;
      await turn();
    }
  }
  return deleted;
}

/** Of mirrors that have left, and of addresses that nobody confirmed. */
function endSubscriptions(db: Db, now: Date): Promise<void> {
  return db.transaction().execute(async (trx) => {
    const mirrors = await listMirrors(trx);
    const gone = new Set(mirrors.flatMap(({ name, state }) => (state === 'left' ? [name] : [])));
    const at = now.toISOString();
    for (const { id, scope, subject, state, added_at: since } of await listSubscriptions(trx)) {
      if (scope === 'mirror' && gone.has(subject) && state !== 'ended') {
        const state_reason = 'The mirror has left.';
        await updateSubscription(trx, id, { state: 'ended', state_reason });
        await dropWaiting(trx, id, state_reason, at);
      }
      if (state === 'proving' && since < ago(now, PROVING_MS)) {
        await dropWaiting(trx, id, 'Its address was not confirmed.', at);
        await deleteSubscription(trx, id);
      }
    }
  });
}

function ago(now: Date, ms: number): string {
  return new Date(now.getTime() - ms).toISOString();
}
