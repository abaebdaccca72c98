import type { SubscriptionRow } from '../../db/notice-schema.ts';
import type { Delivery } from '../../db/notices.ts';
import type { NoticeFacts } from '../../notify/facts.ts';
import type { SubscribedKind } from '../../notify/kinds.ts';

export function subscriptionView(row: SubscriptionRow) {
  const { id, scope, subject, channel, address, digest, zone, state } = row;
  return {
    id,
    scope,
    subject,
    channel,
    address,
    kinds: JSON.parse(row.kinds) as SubscribedKind[],
    digest,
    quiet:
      row.quiet_from === null || row.quiet_to === null
        ? null
        : { from: clockOf(row.quiet_from), to: clockOf(row.quiet_to) },
    zone,
    state,
    stateReason: row.state_reason,
    addedAt: row.added_at,
    addedBy: row.added_by,
  };
}

export function deliveryView({ told, ...row }: Delivery) {
  return {
    id: row.id,
    subscription: row.subscription,
    kind: told.kind,
    title: (JSON.parse(told.facts) as NoticeFacts).title,
    at: told.at,
    state: row.state,
    dueAt: row.due_at,
    attempts: row.attempts,
    error: row.error,
    endedAt: row.ended_at,
    message: row.message,
  };
}

/** `22:30` as the minute of the day. */
export function minuteOf(clock: string): number {
  const [hours, minutes] = clock.split(':');
  return Number(hours) * 60 + Number(minutes);
}

function clockOf(minute: number): string {
  const two = (number: number) => String(number).padStart(2, '0');
  return `${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}
