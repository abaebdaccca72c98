import type { DbOrTrx } from './open.ts';
import type { DeliveryRow, NoticeRow } from './notice-schema.ts';

/** False when there is one of this id: it was told before. */
export async function insertNotice(db: DbOrTrx, row: NoticeRow): Promise<boolean> {
  const { numInsertedOrUpdatedRows: count } = await db
    .insertInto('notice')
    .values(row)
    .onConflict((clash) => clash.column('id').doNothing())
    .executeTakeFirstOrThrow();
  return Number(count ?? 0) > 0;
}

export async function lastNoticeAt(db: DbOrTrx): Promise<string | undefined> {
  const row = await db
    .selectFrom('notice')
    .select('at')
    .orderBy('at', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row?.at;
}

export function insertDelivery(db: DbOrTrx, row: DeliveryRow) {
  return db
    .insertInto('notice_delivery')
    .values(row)
    .onConflict((clash) => clash.columns(['notice', 'subscription']).doNothing())
    .execute();
}

/** The subscriptions that were, or will be, told of an incident. */
export async function toldOf(db: DbOrTrx, incident: string): Promise<string[]> {
  const rows = await db
    .selectFrom('notice_delivery')
    .innerJoin('notice', 'notice.id', 'notice_delivery.notice')
    .select('notice_delivery.subscription')
    .distinct()
    .where('notice_delivery.state', '!=', 'dropped')
    .where(({ eb, or }) =>
      or([eb('notice.id', '=', incident), eb('notice.incident', '=', incident)]),
    )
    .execute();
  return rows.map(({ subscription }) => subscription);
}

/** The message with which a subscription was told of an incident; undefined when there is none yet. */
export async function firstMessage(
  db: DbOrTrx,
  of: { incident: string; subscription: string },
): Promise<string | undefined> {
  const row = await db
    .selectFrom('notice_delivery')
    .select('message')
    .where('notice', '=', of.incident)
    .where('subscription', '=', of.subscription)
    .executeTakeFirst();
  return row?.message ?? undefined;
}

/** How many notices of a mirror, or of the rollouts of an archive, a subscription was given since. */
export async function countDeliveries(
  db: DbOrTrx,
  of: { subscription: string; since: string; mirror: string | null; archive: string | null },
): Promise<number> {
  let query = db
    .selectFrom('notice_delivery')
    .innerJoin('notice', 'notice.id', 'notice_delivery.notice')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('notice_delivery.subscription', '=', of.subscription)
    .where('notice_delivery.created_at', '>=', of.since)
    .where('notice.mirror', of.mirror === null ? 'is' : '=', of.mirror);
  if (of.mirror === null && of.archive !== null)
    query = query.where('notice.archive', '=', of.archive);
  return Number((await query.executeTakeFirstOrThrow()).count);
}

/** How many codes were sent since a moment: to an address, about a mirror or an archive, or at all. */
export async function countConfirmations(
  db: DbOrTrx,
  o: { since: string; address?: string; mirror?: string; archive?: string },
): Promise<number> {
  let query = db
    .selectFrom('notice')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('kind', '=', 'confirm')
    .where('at', '>=', o.since);
  for (const column of ['address', 'mirror', 'archive'] as const) {
    const value = o[column];
    if (value !== undefined) query = query.where(column, '=', value);
  }
  return Number((await query.executeTakeFirstOrThrow()).count);
}

/** How many deliveries wait: of one subscription, or of all. */
export async function countWaiting(db: DbOrTrx, subscription?: string): Promise<number> {
  let query = db
    .selectFrom('notice_delivery')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('state', '=', 'waiting');
  if (subscription !== undefined) query = query.where('subscription', '=', subscription);
  return Number((await query.executeTakeFirstOrThrow()).count);
}

/** A delivery with its notice. */
export interface Delivery extends DeliveryRow {
  told: NoticeRow;
}

/** What is due, the oldest first, with all that was in one message with it before. */
export async function dueDeliveries(db: DbOrTrx, at: string, limit: number): Promise<Delivery[]> {
  const due = await db
    .selectFrom('notice_delivery')
    .selectAll()
    .where('state', '=', 'waiting')
    .where('due_at', '<=', at)
    .orderBy('due_at')
    .orderBy('created_at')
    .orderBy('id')
    .limit(limit)
    .execute();
  const messages = new Set(due.flatMap(({ message }) => (message === null ? [] : [message])));
  if (messages.size === 0) return withNotices(db, due);
  const together = await db
    .selectFrom('notice_delivery')
    .selectAll()
    .where('message', 'in', [...messages])
    .where('state', '=', 'waiting')
    .execute();
  return withNotices(db, [...due.filter(({ message }) => message === null), ...together]);
}

/** Newest first: of some subscriptions, in one state, or all. */
export async function listDeliveries(
  db: DbOrTrx,
  o: {
    subscriptions?: readonly string[];
    state?: DeliveryRow['state'] | undefined;
    id?: string;
    limit: number;
  },
): Promise<Delivery[]> {
  let query = db
    .selectFrom('notice_delivery')
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('id')
    .limit(o.limit);
  if (o.subscriptions !== undefined) {
    if (o.subscriptions.length === 0) return [];
    query = query.where('subscription', 'in', o.subscriptions);
  }
  if (o.state !== undefined) query = query.where('state', '=', o.state);
  if (o.id !== undefined) query = query.where('id', '=', o.id);
  return withNotices(db, await query.execute());
}

/** When the oldest delivery was made that was tried in vain and waits; undefined when none does. */
export async function oldestInVain(db: DbOrTrx): Promise<string | undefined> {
  const row = await db
    .selectFrom('notice_delivery')
    .select('created_at')
    .where('state', '=', 'waiting')
    .where('attempts', '>', 0)
    .orderBy('created_at')
    .limit(1)
    .executeTakeFirst();
  return row?.created_at;
}

export function findDelivery(db: DbOrTrx, id: string): Promise<DeliveryRow | undefined> {
  return db.selectFrom('notice_delivery').selectAll().where('id', '=', id).executeTakeFirst();
}

/** The deliveries of a message that did not arrive. */
export async function idsOfMessage(db: DbOrTrx, message: string): Promise<string[]> {
  const rows = await db
    .selectFrom('notice_delivery')
    .select('id')
    .where('message', '=', message)
    .where('state', '!=', 'sent')
    .execute();
  return rows.map(({ id }) => id);
}

export function updateDeliveries(
  db: DbOrTrx,
  ids: readonly string[],
  change: Partial<Omit<DeliveryRow, 'id' | 'notice' | 'subscription'>>,
) {
  return db.updateTable('notice_delivery').set(change).where('id', 'in', ids).execute();
}

/** What waits for a subscription waits until then at least. */
export function holdBack(db: DbOrTrx, subscription: string, until: string) {
  return db
    .updateTable('notice_delivery')
    .set({ due_at: until })
    .where('subscription', '=', subscription)
    .where('state', '=', 'waiting')
    .where('due_at', '<', until)
    .execute();
}

/** Nobody is there to take them. */
export function dropWaiting(db: DbOrTrx, subscription: string, reason: string, at: string) {
  return db
    .updateTable('notice_delivery')
    .set({ state: 'dropped', error: reason, ended_at: at })
    .where('subscription', '=', subscription)
    .where('state', '=', 'waiting')
    .execute();
}

/** How many messages were sent by mail since a moment. */
export async function countMails(db: DbOrTrx, since: string): Promise<number> {
  const row = await db
    .selectFrom('notice_delivery')
    .innerJoin('notice_subscription', 'notice_subscription.id', 'notice_delivery.subscription')
    .select(({ fn }) => fn.count<number>('notice_delivery.message').distinct().as('count'))
    .where('notice_subscription.channel', '=', 'mail')
    .where('notice_delivery.state', '=', 'sent')
    .where('notice_delivery.ended_at', '>=', since)
    .executeTakeFirstOrThrow();
  return Number(row.count);
}

/** Delete at most `limit` deliveries that ended before a moment; returns how many. */
export async function deleteOldDeliveries(
  db: DbOrTrx,
  o: { before: string; limit: number },
): Promise<number> {
  const some = db
    .selectFrom('notice_delivery')
    .select('id')
    .where('ended_at', '<', o.before)
    .limit(o.limit);
  const { numDeletedRows } = await db
    .deleteFrom('notice_delivery')
    .where('id', 'in', some)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

/** Delete at most `limit` old notices that no delivery needs. */
export async function deleteOldNotices(
  db: DbOrTrx,
  o: { before: string; limit: number },
): Promise<number> {
  const some = db
    .selectFrom('notice')
    .select('id')
    .where('at', '<', o.before)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('notice_delivery')
            .select('notice_delivery.id')
            .whereRef('notice_delivery.notice', '=', 'notice.id'),
        ),
      ),
    )
    .limit(o.limit);
  const { numDeletedRows } = await db
    .deleteFrom('notice')
    .where('id', 'in', some)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}

async function withNotices(db: DbOrTrx, rows: readonly DeliveryRow[]): Promise<Delivery[]> {
  const ids = [...new Set(rows.map(({ notice }) => notice))];
  if (ids.length === 0) return [];
  const notices = await db.selectFrom('notice').selectAll().where('id', 'in', ids).execute();
  const byId = new Map(notices.map((notice) => [notice.id, notice]));
  return rows.flatMap((row) => {
    const told = byId.get(row.notice);
    return told === undefined ? [] : [{ ...row, told }];
  });
}
