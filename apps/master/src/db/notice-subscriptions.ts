import type { DbOrTrx } from './open.ts';
import type { SubscriptionRow } from './notice-schema.ts';

export function insertSubscription(db: DbOrTrx, row: SubscriptionRow) {
  return db.insertInto('notice_subscription').values(row).execute();
}

export function findSubscription(db: DbOrTrx, id: string): Promise<SubscriptionRow | undefined> {
  return db.selectFrom('notice_subscription').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Some by their ids; of one mirror, archive or the network; in one state; or all. */
export function listSubscriptions(
  db: DbOrTrx,
  of: Partial<Pick<SubscriptionRow, 'scope' | 'subject' | 'state'>> & {
    ids?: readonly string[];
  } = {},
): Promise<SubscriptionRow[]> {
  let query = db.selectFrom('notice_subscription').selectAll().orderBy('added_at').orderBy('id');
  if (of.ids !== undefined) query = query.where('id', 'in', of.ids.length === 0 ? [''] : of.ids);
  for (const column of ['scope', 'subject', 'state'] as const) {
    const value = of[column];
    if (value !== undefined) query = query.where(column, '=', value);
  }
  return query.execute();
}

/** The active ones that something about a mirror or an archive's rollouts may concern. */
export function subscriptionsOf(
  db: DbOrTrx,
  { mirror = '', archive = '' }: { mirror?: string; archive?: string },
): Promise<SubscriptionRow[]> {
  return db
    .selectFrom('notice_subscription')
    .selectAll()
    .where('state', '=', 'active')
    .where(({ eb, and, or }) =>
      or([
        eb('scope', '=', 'network'),
        and([eb('scope', '=', 'mirror'), eb('subject', '=', mirror)]),
        and([eb('scope', '=', 'archive'), eb('subject', '=', archive)]),
      ]),
    )
    .orderBy('id')
    .execute();
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
