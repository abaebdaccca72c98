import { z } from 'zod';
import type { ReleaseRow } from '../db/schema.ts';
import type { MirrorStanding } from '../monitor/overview.ts';
import type { Propagation } from '../monitor/propagation.ts';

/** The public JSON under /v1/public: what the pages show, as data. Times are ISO 8601 in UTC. */

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
    lagSerials: count,
    lagSeconds: count,
    reason: z.string().nullable(),
    at: time,
  }),
  /** What was seen at its public address; null when nobody looked yet. */
  seen: z
    .object({
      serial: count.nullable(),
      /** What the probe finds it to be; null of one that was only looked at when it reported. */
      state: z.string().nullable(),
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

export const publicReleaseSchema = z.object({
  archive: z.string(),
  serial: count,
  publishedAt: z.string(),
  publicAt: time,
  heldAt: time,
  files: count,
  bytes: count,
  changed: count,
  dropped: count,
  /** Milliseconds until so many of the mirrors said that they serve it; null where they do not. */
  propagation: z
    .object({
      mirrors: count,
      committed: count,
      p50: count.nullable(),
      p90: count.nullable(),
      p95: count.nullable(),
      p100: count.nullable(),
    })
    .nullable(),
});

export const publicReleasesSchema = z.object({
  releases: z.array(publicReleaseSchema),
  /** `?before=` of the next page; null on the last one. */
  next: count.nullable(),
});

export function publicMirror(one: MirrorStanding): z.infer<typeof publicMirrorSchema> {
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
      lagSerials: one.lag?.serials ?? 0,
      lagSeconds: Math.round((one.lag?.ms ?? 0) / 1000),
      reason: one.reason,
      at: one.at?.toISOString() ?? null,
    },
    seen: seenJson(one),
    quarantinedAt: one.quarantinedAt?.toISOString() ?? null,
  };
}

function seenJson({ sight, observed }: MirrorStanding) {
  if (sight !== null) {
    const { serial, state, since, reason, at } = sight;
    const certificateUntil = sight.certificate_until;
    return { serial, state, since, reason, at, responseMs: sight.response_ms, certificateUntil };
  }
  if (observed === null) return null;
  const { serial, reason, at } = observed;
  const unknown = { state: null, since: null, responseMs: null, certificateUntil: null };
  return { serial, reason, at: at.toISOString(), ...unknown };
}

export function publicRelease(
  row: Omit<ReleaseRow, 'head'>,
  propagation: Propagation | null,
): z.infer<typeof publicReleaseSchema> {
  const { archive, serial, files, bytes, changed, dropped } = row;
  return {
    archive,
    serial,
    publishedAt: row.published_at,
    publicAt: row.public_at,
    heldAt: row.held_at,
    files,
    bytes,
    changed,
    dropped,
    propagation:
      propagation === null
        ? null
        : {
            mirrors: propagation.mirrors,
            committed: propagation.committed,
            p50: propagation.p50,
            p90: propagation.p90,
            p95: propagation.p95,
            p100: propagation.p100,
          },
  };
}
