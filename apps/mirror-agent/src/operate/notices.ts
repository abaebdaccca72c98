import { z } from 'zod';

/** What the master's API says of those who are told. */
export const subscription = z.object({
  id: z.string(),
  channel: z.string(),
  address: z.string(),
  kinds: z.array(z.string()),
  digest: z.string(),
  quiet: z.object({ from: z.string(), to: z.string() }).nullable(),
  zone: z.string(),
  state: z.string(),
  stateReason: z.string().nullable(),
});

const delivery = z.object({
  title: z.string(),
  at: z.string(),
  state: z.string(),
  error: z.string().nullable(),
});

export const noticeList = z.object({
  subscriptions: z.array(subscription),
  deliveries: z.array(delivery),
});

/** `1a2b3c4d  ops@example.org  stale, failing; quiet 22:00-07:00 Europe/Berlin` */
export function subscriptionWords(one: z.output<typeof subscription>): string {
  const quiet = one.quiet === null ? '' : `; quiet ${one.quiet.from}-${one.quiet.to} ${one.zone}`;
  const digest = one.digest === 'immediate' ? '' : `; ${one.digest}`;
  const state = {
    proving: '; waits for its code to be confirmed',
    ended: `; ended: ${one.stateReason ?? ''}`,
  }[one.state];
  return `${one.id}  ${one.address}  ${one.kinds.join(', ')}${digest}${quiet}${state ?? ''}`;
}

/** `2026-11-21T09:40:00Z  sent  mirror.example.org: debian not reachable` */
export function deliveryWords(one: z.output<typeof delivery>): string {
  const error = one.error === null ? '' : ` (${one.error})`;
  return `  ${one.at}  ${one.state}  ${one.title}${error}`;
}
