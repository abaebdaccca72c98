import { z } from 'zod';
import { SUBSCRIBED_KINDS } from '../../notify/kinds.ts';

const time = z.string();
const clock = z
  .string()
  .regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: 'expected a time such as 22:00' });
const kind = z.enum(SUBSCRIBED_KINDS);
const digest = z.enum(['immediate', 'hourly', 'daily']);
const quiet = z.strictObject({ from: clock, to: clock });

/** Where to, and what. A mail address that is empty is the one in the mirror's contact. */
const wishes = {
  mail: z.string().max(320).optional(),
  webhook: z.string().max(2000).optional(),
  kinds: z.array(kind).min(1).max(SUBSCRIBED_KINDS.length).optional(),
  digest: digest.default('immediate'),
  quiet: quiet.optional(),
  zone: z.string().min(1).max(64).default('UTC'),
};
export const newOwnSubscription = z.strictObject(wishes);
export const newSubscription = z
  .strictObject({
    ...wishes,
    mirror: z.string().max(255).optional(),
    archive: z.string().max(64).optional(),
  })
  .refine(({ mirror, archive }) => mirror === undefined || archive === undefined, {
    error: 'expected a mirror or an archive, not both',
  });

export const noticeId = z.string().max(64);

/** The code that was sent to a mail address. */
export const confirmationSchema = z.strictObject({ code: z.string().min(1).max(40) });

export const subscriptionSchema = z.object({
  id: z.string(),
  scope: z.enum(['mirror', 'archive', 'network']),
  subject: z.string(),
  channel: z.enum(['mail', 'webhook']),
  address: z.string(),
  kinds: z.array(kind),
  digest,
  quiet: quiet.nullable(),
  zone: z.string(),
  /** `proving`: the address is not confirmed yet; `ended`, and why. */
  state: z.enum(['proving', 'active', 'ended']),
  stateReason: z.string().nullable(),
  addedAt: time,
  addedBy: z.string(),
});

/** `secret`: of a new webhook, shown this once. */
export const subscribedSchema = z.object({
  subscription: subscriptionSchema,
  secret: z.string().nullable(),
});

export const deliverySchema = z.object({
  id: z.string(),
  subscription: z.string(),
  kind: z.string(),
  title: z.string(),
  at: time,
  state: z.enum(['waiting', 'sent', 'failed', 'dropped']),
  dueAt: time,
  attempts: z.number(),
  error: z.string().nullable(),
  endedAt: time.nullable(),
  message: z.string().nullable(),
});

/** The delivery that was made of a test notice. */
export const queuedSchema = z.object({ delivery: z.string() });

export const removedSchema = z.object({ id: z.string() });

export const noticeListSchema = z.object({
  subscriptions: z.array(subscriptionSchema),
  /** The newest first. */
  deliveries: z.array(deliverySchema),
});

export const outboxSchema = z.object({
  waiting: z.number(),
  deliveries: z.array(deliverySchema),
});
