import { z } from 'zod';
import type { ReleaseRow } from '../db/schema.ts';
import type { PropagationRow } from '../db/sight-schema.ts';
import type { ArchiveOverview, RolloutOverview } from '../monitor/overview.ts';
import type { Propagation } from '../monitor/propagation.ts';
import { newestRolloutSchema, waveSchema } from './routes/schemas.ts';
import { rolloutOverview, wavesView } from './routes/views.ts';

/** Archives and releases in the public JSON. Times are ISO 8601 in UTC, durations milliseconds. */

const count = z.number();
const time = z.string();
const ms = count.nullable();

const publicArchiveSchema = z.object({
  archive: z.string(),
  release: z
    .object({ serial: count, files: count, bytes: count, publishedAt: time, expiresAt: time })
    .nullable()
    .describe('the newest that is public'),
  rollout: newestRolloutSchema.nullable().describe('the newest release of all, public or not'),
  reporting: count.describe('mirrors that can report'),
  current: count.describe('of those, the ones that report the newest public release'),
  seen: count.describe('mirrors whose newest look found the newest public release'),
});

export const publicArchivesSchema = z.object({
  at: time,
  health: z.object({ level: z.string(), sentence: z.string() }),
  total: count,
  archives: z.array(publicArchiveSchema),
  next: count.nullable().describe('the number of the next page; null on the last one'),
});

const publicReleaseSchema = z.object({
  archive: z.string(),
  serial: count,
  publishedAt: time,
  publicAt: time.nullable(),
  heldAt: time.nullable(),
  files: count,
  bytes: count,
  changed: count,
  dropped: count,
  propagation: z
    .object({ mirrors: count, committed: count, p50: ms, p90: ms, p95: ms, p100: ms })
    .nullable()
    .describe('until so many percent of the mirrors said that they serve it'),
});

export const publicReleasesSchema = z.object({
  releases: z.array(publicReleaseSchema),
  next: count.nullable().describe('"before" of the next page; null on the last one'),
});

export const publicReleasePageSchema = publicReleaseSchema.extend({
  urgent: z.boolean(),
  switch: z.enum(['as-ready', 'together']),
  wave: count,
  phase: z.string(),
  heldReason: z.string().nullable(),
  prunedAt: time.nullable().describe('when its receipts were deleted'),
  waves: z.array(waveSchema),
  spread: z
    .array(
      z.object({
        basis: z.enum(['committed', 'observed']).describe('as reported, or as seen'),
        tier: count.describe('0: all of them'),
        mirrors: count,
        reached: count,
        p50: ms,
        p90: ms,
        p95: ms,
        p100: ms,
      }),
    )
    .describe('time to parts of the mirrors'),
});

export const publicReceiptsSchema = z.object({
  archive: z.string(),
  serial: count,
  mirrors: z.array(
    z.object({
      mirror: z.string(),
      tier: count,
      state: z.string(),
      attempts: count,
      reason: z.string().nullable(),
      serves: z.boolean().describe('the last that it said is that it serves this release'),
      sentAt: time.nullable(),
      acceptedAt: time.nullable(),
      stagedAt: time.nullable(),
      committedAt: time.nullable(),
      observedAt: time.nullable().describe('first seen at its public address'),
      wave: count.nullable(),
      leftBehindAt: time.nullable(),
    }),
  ),
  next: z.string().nullable().describe('"after" of the next page; null on the last one'),
});

export function publicArchive(one: ArchiveOverview): z.infer<typeof publicArchiveSchema> {
  const { release, rollout, mirrors } = one;
  return {
    archive: one.name,
    release:
      release === null
        ? null
        : {
            serial: release.serial,
            files: release.files,
            bytes: release.bytes,
            publishedAt: release.published_at,
            expiresAt: release.expires_at,
          },
    rollout: rollout === null ? null : rolloutOverview(rollout),
    reporting: one.reporting,
    current: one.current,
    seen: mirrors.filter(({ sight }) => sight?.state === 'fresh').length,
  };
}

export function publicRelease(
  row: Omit<ReleaseRow, 'head'>,
  propagation: Propagation | null,
): z.infer<typeof publicReleaseSchema> {
  const { archive, serial, files, bytes, changed, dropped } = row;
  const { serial: _, ...spread } = propagation ?? { serial };
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
    propagation: 'p50' in spread ? spread : null,
  };
}

export function publicReleasePage(o: {
  row: Omit<ReleaseRow, 'head'>;
  propagation: Propagation | null;
  spread: readonly PropagationRow[];
  counts: RolloutOverview['counts'];
}): z.infer<typeof publicReleasePageSchema> {
  const { row } = o;
  return {
    ...publicRelease(row, o.propagation),
    urgent: row.urgent === 1,
    switch: row.switch,
    wave: row.wave,
    phase: row.phase,
    heldReason: row.held_reason,
    prunedAt: row.pruned_at,
    waves: wavesView(row, o.counts),
    spread: o.spread.map((one) => ({
      basis: one.basis,
      tier: one.tier,
      mirrors: one.mirrors,
      reached: one.reached,
      p50: one.p50_ms,
      p90: one.p90_ms,
      p95: one.p95_ms,
      p100: one.p100_ms,
    })),
  };
}
