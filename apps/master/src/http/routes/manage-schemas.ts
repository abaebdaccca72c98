import { z } from 'zod';

export const changeStandingSchema = z.object({
  state: z.enum(['applied', 'proving']),
  challenge: z.object({ path: z.string(), text: z.string() }).nullable(),
  missing: z.array(z.string()),
  advised: z.array(z.string()),
});

export const windowSchema = z.object({
  id: z.string(),
  startsAt: z.string().nullable(),
  endsAt: z.string().nullable(),
  /** From 0, Sunday; with the minute of the day, in UTC. */
  weekday: z.number().nullable(),
  startMinute: z.number().nullable(),
  minutes: z.number().nullable(),
});

const time = z.iso.datetime({ error: 'expected a time such as 2026-11-21T22:00:00Z' });

/** Once or every week. */
export const newWindow = z
  .union([
    z.strictObject({ startsAt: time, endsAt: time }),
    z.strictObject({
      weekday: z.int().min(0).max(6),
      startMinute: z.int().min(0).max(1439),
      minutes: z.int().min(1).max(10_079),
    }),
  ])
  .refine(
    (window) => !('startsAt' in window) || Date.parse(window.startsAt) < Date.parse(window.endsAt),
    {
      error: 'expected an end after the start',
    },
  );

export const operatorSchema = z.object({
  id: z.string(),
  label: z.string(),
  createdAt: z.string(),
  createdBy: z.string(),
});

export const doneSchema = z.object({ mirror: z.string(), state: z.string() });
