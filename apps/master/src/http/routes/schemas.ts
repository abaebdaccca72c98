import { z } from 'zod';
import { stockSchema } from './stock-schema.ts';

/** Pieces that several routes share. Names are checked by the rules behind the routes. */
export const name = z.string().min(1).max(255);
export const serial = z.coerce.number().int().positive().max(Number.MAX_SAFE_INTEGER);
export const pageNumber = z.coerce.number().int().min(1).max(100_000).default(1);
export const pageLimit = z.coerce.number().int().min(1).max(1000).default(200);
/** Two letters, large or small; they come out large. */
export const country = z
  .string()
  .regex(/^[A-Za-z]{2}$/, { error: 'expected two letters such as "DE"' })
  .transform((text) => text.toUpperCase());
export const line = z
  .string()
  .min(1)
  .max(200)
  // Control characters, and those that turn the direction of the text around them.
  .regex(/^[^\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]*$/u, {
    error: 'expected one plain line',
  });
const count = z.number();
const time = z.string();

export const bearer = [{ bearer: [] }];

export const archiveSchema = z.object({
  name: z.string(),
  path: z.string(),
  profile: z.string(),
  mode: z.enum(['manifest', 'classic']),
  epoch: count,
  deleteLimit: count,
  addedAt: time,
  serial: count.nullable(),
});

export const publishedSchema = z.object({
  archive: z.string(),
  serial: count,
  files: count,
  bytes: count,
  changed: count,
  dropped: count,
  mirrors: count,
  seconds: count,
});

export const attemptSchema = z.object({
  archive: z.string(),
  serial: z.number(),
  startedAt: z.string(),
  state: z.enum(['running', 'published', 'failed']),
  progress: z.object({
    phase: z.string(),
    files: z.number(),
    bytes: z.number(),
    filesInAll: z.number().optional(),
    bytesInAll: z.number().optional(),
  }),
  published: publishedSchema.optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});

export const tallySchema = z.object({
  total: count,
  committed: count,
  failed: count,
  open: count,
  states: z.record(z.string(), count),
});

export const rolloutSchema = z.object({
  archive: z.string(),
  serial: count,
  epoch: count,
  publishedAt: time,
  publishedBy: z.string(),
  files: count,
  bytes: count,
  changed: count,
  dropped: count,
  /** When the pushes of this old release were deleted; null while they are all there. */
  prunedAt: time.nullable(),
  mirrors: tallySchema,
  urgent: z.boolean(),
  switch: z.enum(['as-ready', 'together']),
  /** The wave that it has reached, from 0, and what that is doing. */
  wave: count,
  phase: z.enum(['sending', 'staging', 'committing', 'baking', 'done']),
  phaseAt: time.nullable(),
  /** When its head became public; null while it is in its waves or stages. */
  publicAt: time.nullable(),
  held: z.object({ at: time, reason: z.string().nullable(), by: z.string().nullable() }).nullable(),
});

export const waveSchema = z.object({
  name: z.string(),
  state: z.enum(['done', 'now', 'later', 'skipped']),
  mirrors: tallySchema,
});

/** How far the newest release of an archive is, public or not; for everybody, so without names. */
export const newestRolloutSchema = rolloutSchema
  .pick({
    serial: true,
    switch: true,
    wave: true,
    phase: true,
    publicAt: true,
    mirrors: true,
  })
  .extend({
    held: z.object({ at: time, reason: z.string().nullable() }).nullable(),
    waves: z.array(waveSchema),
  });

export const pushSchema = z.object({
  mirror: z.string(),
  tier: count,
  sender: z.string(),
  state: z.string(),
  attempts: count,
  reason: z.string().nullable(),
  updatedAt: time,
  sentAt: time.nullable(),
  acceptedAt: time.nullable(),
  stagedAt: time.nullable(),
  committedAt: time.nullable(),
  wave: count,
  /** When its wave went on without it. */
  leftBehindAt: time.nullable(),
  observedAt: time.nullable(),
});

const claimSchema = z.object({
  archive: z.string(),
  serial: count.nullable(),
  servedAt: time.nullable(),
  event: z.string().nullable(),
  eventSerial: count.nullable(),
  eventAt: time.nullable(),
  reason: z.string().nullable(),
  rsyncCode: count.nullable(),
  retryAt: time.nullable(),
  heardAt: time.nullable(),
});

export const mirrorSchema = z.object({
  name: z.string(),
  kind: z.enum(['agent', 'ftpsync']),
  state: z.string(),
  /** Of one that is paused, suspended or has left: why, and since when. */
  stateReason: z.string().nullable(),
  stateAt: time.nullable(),
  tier: count,
  upstream: z.string().nullable(),
  sender: z.string(),
  ssh: z.object({ host: z.string(), port: count, user: z.string() }),
  hostKey: z.string(),
  pushKey: z.string().nullable(),
  httpUrl: z.string().nullable(),
  rsyncUrl: z.string().nullable(),
  country: z.string().nullable(),
  contact: z.string().nullable(),
  /** Whether everybody may see the contact. */
  contactPublic: z.boolean(),
  sponsor: z.string().nullable(),
  bandwidth: z.string().nullable(),
  /** Where it pulls from, as its operator says. */
  addresses: z.array(z.string()),
  addedAt: time,
  /** How many of its downstreams may pull from it at once; null is the default of its tier. */
  slots: count.nullable(),
  standing: z.boolean(),
  /** Since when it is tried once an hour only, and why. */
  quarantinedAt: time.nullable(),
  quarantineReason: z.string().nullable(),
  /** Null of an agent. */
  stock: stockSchema.nullable(),
  archives: z.array(claimSchema),
});

export const standingSchema = z.object({
  mirror: z.string(),
  kind: z.string(),
  tier: count,
  upstream: z.string().nullable(),
  country: z.string().nullable(),
  state: z.string(),
  words: z.string(),
  serial: count.nullable(),
  lagSerials: count,
  lagSeconds: count,
  reason: z.string().nullable(),
  leftBehind: z.boolean(),
  at: time.nullable(),
});

export const statusSchema = z.object({
  network: z.string(),
  at: time,
  health: z.object({ level: z.string(), sentence: z.string() }),
  archives: z.array(
    z.object({
      name: z.string(),
      serial: count.nullable(),
      publishedAt: time.nullable(),
      rollout: newestRolloutSchema.nullable(),
      reporting: count,
      current: count,
      mirrors: z.array(standingSchema),
    }),
  ),
});

export const retriedSchema = z.object({
  archive: z.string(),
  serial: z.number(),
  mirrors: z.array(z.string()),
});
