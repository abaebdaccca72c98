import type { DbOrTrx } from '../db/open.ts';
import type { DeliveryRow, NoticeRow, SubscriptionRow } from '../db/notice-schema.ts';
import { listSubscriptions, subscriptionsOf } from '../db/notice-subscriptions.ts';
import {
  countDeliveries,
  countWaiting,
  insertDelivery,
  insertNotice,
  lastNoticeAt,
  toldOf,
} from '../db/notices.ts';
import { dueAt, type Wishes } from './due.ts';
import type { NoticeFacts } from './facts.ts';
import { deliveryId } from './ids.ts';
import type { SubscribedKind } from './kinds.ts';

/** Something to tell. */
export interface Told extends Pick<NoticeRow, 'id' | 'kind'> {
  mirror?: string;
  archive?: string;
  serial?: number;
  /** The notice that this one is the sequel of. */
  incident?: string | null;
  /** Of a code: the mail address that it goes to. */
  address?: string;
  facts: NoticeFacts;
}

export interface EmitOptions {
  now: Date;
  /** More than so many a day about one mirror, or the rollouts of one archive, go into the next daily digest. */
  perDay: number;
}

/** So many wait for one subscription; what is above is dropped. */
const MOST_WAITING = 1_000;
const DAY_MS = 86_400_000;

/**
 * Write a notice down for everybody whom it concerns, within the caller's transaction: from then on it
 * is told, whatever happens. Telling the same again changes nothing.
 *
 * @returns to how many it goes.
 */
export async function emit(trx: DbOrTrx, told: Told, o: EmitOptions): Promise<number> {
  const whom = await hearersOf(trx, told);
  if (whom.length === 0) return 0;
  const at = await momentAfter(trx, o.now);
  if (!(await insertNotice(trx, rowOf(told, at)))) return 0;
  for (const one of whom) await addDelivery(trx, told, one, { ...o, at });
  return whom.length;
}

/** For one subscription alone, at once. */
export async function emitTo(
  trx: DbOrTrx,
  told: Told,
  subscription: Pick<SubscriptionRow, 'id'>,
  now: Date,
): Promise<string> {
  const at = await momentAfter(trx, now);
  await insertNotice(trx, rowOf(told, at));
  const row = deliveryRow(told.id, subscription.id, now.toISOString(), at);
  await insertDelivery(trx, row);
  return row.id;
}

export function wishesOf(row: SubscriptionRow): Wishes {
  const { digest, quiet_from: from, quiet_to: to, zone } = row;
  return { digest, quiet: from === null || to === null ? null : { from, to }, zone };
}

async function hearersOf(trx: DbOrTrx, told: Told): Promise<SubscriptionRow[]> {
  const { kind, incident } = told;
  if (kind === 'returned' || kind === 'resumed') {
    if (incident === undefined || incident === null) return [];
    const before = await listSubscriptions(trx, { ids: await toldOf(trx, incident) });
    return before.filter(({ state }) => state === 'active');
  }
  const concerned = await subscriptionsOf(trx, told);
  return concerned.filter(({ kinds }) =>
    (JSON.parse(kinds) as SubscribedKind[]).some((wanted) => wanted === kind),
  );
}

async function addDelivery(
  trx: DbOrTrx,
  told: Told,
  subscription: SubscriptionRow,
  { now, perDay, at }: EmitOptions & { at: string },
): Promise<void> {
  const { id, mirror = null, archive = null } = told;
  const since = new Date(now.getTime() - DAY_MS).toISOString();
  const about = { subscription: subscription.id, mirror, archive, since };
  const count = await countDeliveries(trx, about);
  const wishes = wishesOf(subscription);
  const many = count >= perDay;
  const due = dueAt(now, many ? { ...wishes, digest: 'daily' } : wishes).toISOString();
  const row = deliveryRow(id, subscription.id, due, at);
  if ((await countWaiting(trx, subscription.id)) < MOST_WAITING) {
    await insertDelivery(trx, row);
    return;
  }
  const error = `${MOST_WAITING} others wait for this address.`;
  await insertDelivery(trx, { ...row, state: 'dropped', error, ended_at: row.created_at });
}

/** Later than any notice before, so that notices of one moment keep their order. */
async function momentAfter(trx: DbOrTrx, now: Date): Promise<string> {
  const last = Date.parse((await lastNoticeAt(trx)) ?? '1970-01-01T00:00:00Z');
  return new Date(Math.max(now.getTime(), last + 1)).toISOString();
}

function deliveryRow(
  notice: string,
  subscription: string,
  due_at: string,
  created_at: string,
): DeliveryRow {
  return {
    id: deliveryId(notice, subscription),
    notice,
    subscription,
    state: 'waiting',
    due_at,
    message: null,
    attempts: 0,
    error: null,
    created_at,
    ended_at: null,
  };
}

function rowOf(told: Told, at: string): NoticeRow {
  const { id, kind, mirror = null, archive = null, serial = null } = told;
  const { incident = null, address = null } = told;
  const rest = { at, facts: JSON.stringify(told.facts) };
  return { id, kind, mirror, archive, serial, incident, address, ...rest };
}
