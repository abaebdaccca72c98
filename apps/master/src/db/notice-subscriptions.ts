import type { DbOrTrx } from './open.ts';
import type { SubscriptionRow } from './notice-schema.ts';

export function insertSubscription(db: DbOrTrx, row: SubscriptionRow) {
  return db.insertInto('notice_subscription').values(row).execute();
}

export function findSubscription(db: DbOrTrx, id: string): Promise<SubscriptionRow | undefined> {
  return db.selectFrom('notice_subscription').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Of one mirror, archive or the network, in one state, or all. */
export function listSubscriptions(
  db: DbOrTrx,
  of: Partial<Pick<SubscriptionRow, 'scope' | 'subject' | 'state' | 'channel' | 'address'>> = {},
): Promise<SubscriptionRow[]> {
  let query = db.selectFrom('notice_subscription').selectAll().orderBy('added_at').orderBy('id');
  for (const column of ['scope', 'subject', 'state', 'channel', 'address'] as const) {
    const value = of[column];
    if (value !== undefined) query = query.where(column, '=', value);
  }
  return query.execute();
}

export function updateSubscription(
  db: DbOrTrx,
  id: string,
  change: Partial<Omit<SubscriptionRow, 'id'>>,
) {
  return db.updateTable('notice_subscription').set(change).where('id', '=', id).execute();
}

export async function deleteSubscription(db: DbOrTrx, id: string): Promise<void> {
  await db.deleteFrom('notice_subscription').where('id', '=', id).execute();
}
