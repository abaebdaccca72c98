import type { z } from 'zod';
import type { SubscriptionRow } from '../../db/notice-schema.ts';
import { listDeliveries } from '../../db/notices.ts';
import type { Db } from '../../db/open.ts';
import { confirmAddress, type subscribe, type Wanted } from '../../notify/subscriptions.ts';
import type { newOwnSubscription } from './notice-schemas.ts';
import { deliveryView, minuteOf, subscriptionView } from './notice-views.ts';

const MOST_SHOWN = 50;

/** Subscriptions, and what was told to them last. */
export async function noticeList(db: Db, rows: readonly SubscriptionRow[]) {
  const subscriptions = rows.map(({ id: one }) => one);
  const deliveries = await listDeliveries(db, { subscriptions, limit: MOST_SHOWN });
  return { subscriptions: rows.map(subscriptionView), deliveries: deliveries.map(deliveryView) };
}

/** What a mail address is once its code was given. */
export async function confirmed(
  who: Parameters<typeof confirmAddress>[0],
  row: SubscriptionRow,
  given: string,
) {
  await confirmAddress(who, row, given);
  return subscriptionView({ ...row, state: 'active' });
}

/** A new subscription, with the secret of a webhook. */
export function subscribedView({ row, secret }: Awaited<ReturnType<typeof subscribe>>) {
  return { subscription: subscriptionView(row), secret };
}

/** What a request asks for. */
export function wantedOf(
  body: z.output<typeof newOwnSubscription>,
  scope: Wanted['scope'],
  subject: string,
): Wanted {
  const { quiet, ...rest } = body;
  const hours = quiet && { from: minuteOf(quiet.from), to: minuteOf(quiet.to) };
  return { ...rest, scope, subject, quiet: hours };
}
