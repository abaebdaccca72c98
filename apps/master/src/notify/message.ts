import type { SubscriptionRow } from '../db/notice-schema.ts';
import type { Delivery } from '../db/notices.ts';
import { messageId } from './ids.ts';

/** What travels together: one mail, or one call of a webhook. */
export interface Message {
  id: string;
  subscription: SubscriptionRow;
  /** In the order in which they happened; at least one. */
  deliveries: [Delivery, ...Delivery[]];
}

const MOST_TOGETHER = 100;

/**
 * Put what is due into messages. What was in one before stays in it, so that every attempt carries
 * the same under the same id. A mail takes all that waits for its address; a webhook gets each notice
 * for itself, unless it asked for digests.
 */
export function messagesOf(
  due: readonly Delivery[],
  subscriptions: ReadonlyMap<string, SubscriptionRow>,
): Message[] {
  const groups = new Map<string, Delivery[]>();
  for (const one of due) {
    const subscription = subscriptions.get(one.subscription);
    if (subscription === undefined) continue;
    const name = one.message ?? placeFor(one, subscription);
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
  return [...groups.values()].flatMap(split).map((group): Message => {
    const deliveries = group.toSorted(byTime) as Message['deliveries'];
    const [first] = deliveries;
    const subscription = subscriptions.get(first.subscription);
    if (subscription === undefined) throw new Error('A message is for somebody.');
    return {
      id: first.message ?? messageId(deliveries.map(({ id }) => id)),
      subscription,
      deliveries,
    };
  });
}

function placeFor(one: Delivery, { id, channel, digest }: SubscriptionRow): string {
  const { kind } = one.told;
  const alone = kind === 'confirm' || kind === 'test';
  const each = channel === 'webhook' && digest === 'immediate';
  return alone || each ? `${id} ${one.id}` : id;
}

function split(group: Delivery[]): Delivery[][] {
  if (group[0]?.message !== null) return [group];
  const parts: Delivery[][] = [];
  for (let from = 0; from < group.length; from += MOST_TOGETHER) {
    parts.push(group.slice(from, from + MOST_TOGETHER));
  }
  return parts;
}

function byTime(a: Delivery, b: Delivery): number {
  return a.told.at < b.told.at ? -1 : a.told.at > b.told.at ? 1 : a.id < b.id ? -1 : 1;
}
