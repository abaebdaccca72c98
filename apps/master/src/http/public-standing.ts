import { z } from 'zod';
import type { MirrorStanding } from '../monitor/overview.ts';
import { SIGHT_WORDS } from '../monitor/probe/states.ts';

/** Mirrors in the public JSON: what the pages show, as data. Times are ISO 8601 in UTC. */

const count = z.number();
const time = z.string().nullable();

export const publicMirrorSchema = z.object({
  mirror: z.string(),
  archive: z.string(),
  kind: z.string(),
  tier: count,
  upstream: z.string().nullable(),
  country: z.string().nullable(),
  httpUrl: z.string().nullable(),
  /** What it says of itself. */
  says: z.object({
    state: z.string(),
    words: z.string(),
    serial: count.nullable(),
    lagSerials: count.nullable().describe('releases that it lacks; null of one that cannot report'),
    lagSeconds: count.nullable().describe('since the first of those became public'),
    reason: z.string().nullable(),
    at: time,
  }),
  /** What was seen at its public address; null when nobody looked yet. */
  seen: z
    .object({
      serial: count.nullable(),
      state: z.string().nullable().describe('what the probe finds it to be'),
      words: z.string().nullable().describe('the same for people'),
      lagSerials: count.nullable(),
      lagSeconds: count.nullable(),
      since: time,
      reason: z.string().nullable(),
      at: z.string(),
      responseMs: count.nullable(),
      certificateUntil: time,
    })
    .nullable(),
  quarantinedAt: time,
});

export const publicMirrorsSchema = z.object({
  at: z.string(),
  total: count,
  mirrors: z.array(publicMirrorSchema),
  /** The number of the next page; null on the last one. */
  next: count.nullable(),
});

export function publicMirror(one: MirrorStanding, now: Date): z.infer<typeof publicMirrorSchema> {
  const isSilent = one.state === 'silent';
  return {
    mirror: one.mirror,
    archive: one.archive,
    kind: one.kind,
    tier: one.tier,
    upstream: one.upstream,
    country: one.country,
    httpUrl: one.httpUrl,
    says: {
      state: one.state,
      words: one.words,
      serial: one.serial,
      lagSerials: isSilent ? null : (one.lag?.serials ?? 0),
      lagSeconds: isSilent ? null : Math.round((one.lag?.ms ?? 0) / 1000),
      reason: one.reason,
      at: one.at?.toISOString() ?? null,
    },
    seen: seenJson(one, now),
    quarantinedAt: one.quarantinedAt?.toISOString() ?? null,
  };
}

function seenJson({ sight, observed }: MirrorStanding, now: Date) {
  if (sight !== null) {
    const { serial, state, since, reason, at, lacks, lacks_since: from } = sight;
    const lagMs = from === null ? 0 : now.getTime() - new Date(from).getTime();
    return {
      serial,
      state,
      words: SIGHT_WORDS[state],
      lagSerials: serial === null ? null : lacks,
      lagSeconds: serial === null ? null : Math.max(0, Math.round(lagMs / 1000)),
      since,
      reason,
      at,
      responseMs: sight.response_ms,
      certificateUntil: sight.certificate_until,
    };
  }
  if (observed === null) return null;
  const { serial, reason, at } = observed;
  // It was only looked at when it reported.
  const unknown = { state: null, words: null, lagSerials: null, lagSeconds: null, since: null };
  return {
    ...unknown,
    serial,
    reason,
    at: at.toISOString(),
    responseMs: null,
    certificateUntil: null,
  };
}
