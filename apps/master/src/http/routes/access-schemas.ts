import { z } from 'zod';
import { ACTIONS, ruleText } from '../../access/rule-text.ts';

/** A rule in force; those of the registry cannot be changed here. */
export const ruleSchema = ruleText.extend({
  id: z.string(),
  action: z.string(),
  origin: z.enum(['registry', 'added']),
});

const ranges = z.array(z.string());

export const accessChangedSchema = z.object({
  dryRun: z.boolean(),
  rules: z.number(),
  views: z.number(),
  effects: z.array(
    z.object({
      mirror: z.string().nullable(),
      role: z.string().nullable(),
      action: z.enum(ACTIONS),
      archive: z.string(),
      view: z.string().nullable(),
      gains: ranges,
      loses: ranges,
    }),
  ),
  notes: z.array(z.string()),
});

export const explanationSchema = z.object({
  allowed: z.boolean(),
  rule: z.string().nullable(),
  reason: z.string(),
  view: z.string().nullable(),
  considered: z.array(z.object({ rule: z.string(), matched: z.boolean(), why: z.string() })),
  notes: z.array(z.string()),
});

export const accessCheckedSchema = z.object({
  /** False: the master runs no rsync daemon, so that there is nothing installed to look at. */
  managed: z.boolean(),
  drift: z.array(
    z.object({
      file: z.string(),
      line: z.number(),
      what: z.enum(['missing', 'unexpected']),
      text: z.string(),
    }),
  ),
  /** Mirrors that ask for their rules: whether what they have is what they should have. */
  mirrors: z.array(
    z.object({ mirror: z.string(), current: z.boolean(), askedAt: z.string().nullable() }),
  ),
});

export const renderedSchema = z.object({
  files: z.array(z.object({ path: z.string(), text: z.string() })),
  notes: z.array(z.string()),
});

const moment = z.string().nullable();

export const keySchema = z.object({
  kind: z.enum(['signing', 'push', 'host', 'rsync', 'pull', 'source']),
  owner: z.string(),
  id: z.string(),
  at: z.string().nullable(),
  state: z.enum(['current', 'next', 'old', 'held']),
  since: moment,
  until: moment,
});

export const accountsSchema = z.object({
  accounts: z.array(z.object({ url: z.string(), user: z.string(), secret: z.string() })),
});

export const announcedSchema = z.object({
  /** The fingerprint of the new key. */
  next: z.string(),
  switchAt: z.string(),
  acceptedUntil: z.string(),
});

export const rotatedSchema = z.object({ made: z.number(), acceptedUntil: z.string() });
