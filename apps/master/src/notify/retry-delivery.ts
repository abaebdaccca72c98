import { appendAudit, type Actor } from '../db/audit.ts';
import {
  findDelivery,
  idsOfMessage,
  listDeliveries,
  updateDeliveries,
  type Delivery,
} from '../db/notices.ts';
import { findSubscription } from '../db/notice-subscriptions.ts';
import type { Db } from '../db/open.ts';
import { MasterError } from '../errors.ts';

/**
 * Try a delivery again at once, under the same message: one that waits for its next attempt, its
 * digest or the end of quiet hours, or that was given up.
 *
 * @throws MasterError `invalid`
 */
export function retryDelivery(db: Db, id: string, by: Actor, at: Date): Promise<Delivery> {
  return db.transaction().execute(async (trx) => {
    const row = await findDelivery(trx, id);
    if (row === undefined) throw new MasterError('invalid', 'There is no such delivery.');
    if (row.state === 'sent' || (await findSubscription(trx, row.subscription)) === undefined) {
      throw new MasterError('invalid', 'It was sent, or its subscription is gone.');
    }
    const now = at.toISOString();
    // Counted from now on, so that it is not given up at once.
    const change = { state: 'waiting', due_at: now, created_at: now, ended_at: null } as const;
    const all = row.message === null ? [id] : await idsOfMessage(trx, row.message);
    await updateDeliveries(trx, all, change);
    const detail = { id };
    await appendAudit(trx, at, by, { action: 'notice-retry', subject: row.subscription, detail });
    const [done] = await listDeliveries(trx, { id, limit: 1 });
    if (done === undefined) throw new Error('It was there a moment ago.');
    return done;
  });
}
