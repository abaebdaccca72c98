import type { Endpoint, Evidence } from '@pushmirror/probe';
import { z } from 'zod';
import type { MirrorRow } from '../db/schema.ts';
import type { MetricRow, ProbeSumRow, SightErrorRow, SightingRow } from '../db/sight-schema.ts';
import { MASTER_VANTAGE } from '../db/sightings.ts';
import type { MirrorStanding } from '../monitor/overview.ts';
import { SIGHT_WORDS } from '../monitor/probe/states.ts';
import { publicAddress } from '../monitor/public-address.ts';
import { publicMirror, publicMirrorSchema } from './public-standing.ts';
import { figureSchema, figuresJson, lastDays, sumSchema } from './public-sums.ts';

/** One mirror with all that its page shows. Times are ISO 8601 in UTC, durations milliseconds. */

const count = z.number();
const time = z.string();
const text = z.string().nullable();
const family = z.union([z.literal(4), z.literal(6)]).nullable();

export const evidenceSchema = z.object({
  what: z.string().describe('head, trace, index, sample, mark or rsync'),
  url: z.string(),
  family: family.describe('4 or 6; null when no connection came about'),
  at: time,
  ms: count.describe('until the whole answer was there'),
  status: count.nullable().describe('of HTTP; 304: as at the last look'),
  sha256: text.describe('of what came'),
  bytes: count.nullable(),
  expected: text.describe("the digest that the release's manifest has for this file"),
  pastCache: z.boolean().describe('asked past all caches, to settle a doubt'),
  error: text.describe('why nothing came, in words'),
});

const endpointSchema = z.object({
  protocol: z.enum(['http', 'https', 'rsync']),
  family,
  url: z.string(),
  state: z.enum(['ok', 'certificate', 'unreachable', 'not-offered']),
  serial: count.nullable(),
  ms: count.nullable(),
  certificateUntil: time.nullable(),
  reason: text,
});

const carriedSchema = publicMirrorSchema.extend({
  url: text.describe('where its head of the archive is looked at'),
  endpoints: z.array(endpointSchema).describe('each protocol and family for itself'),
  evidence: z.array(evidenceSchema).describe('every request of the newest look'),
  trace: z
    .record(z.string(), z.unknown())
    .nullable()
    .describe('its trace file, but its maintainer'),
  views: z
    .array(
      z.object({
        by: z.enum(['master', 'vantage']),
        state: z.string(),
        words: z.string(),
        since: time,
        serial: count.nullable(),
        reason: text,
        at: time,
      }),
    )
    .describe('what each vantage point sees'),
  figures: z.array(figureSchema),
  days: z.array(sumSchema).describe('the last 14 days, the oldest first'),
  history: z
    .array(z.object({ serial: count, publishedAt: time, committedAt: time.nullable() }))
    .describe('the newest releases that it was to have, the newest first'),
});

export const publicMirrorPageSchema = z.object({
  at: time,
  mirror: z.string(),
  kind: z.string(),
  state: z.string(),
  stateReason: text,
  quarantinedAt: time.nullable(),
  quarantineReason: text,
  tier: count,
  upstream: text,
  downstreams: z.array(z.string()),
  country: text,
  sponsor: text,
  bandwidth: text,
  contact: text.describe('where its operators agreed to be named'),
  httpUrl: text,
  rsyncUrl: text,
  addedAt: time,
  archives: z.array(carriedSchema),
  errors: z
    .array(
      z.object({
        archive: z.string(),
        by: z.enum(['report', 'probe']),
        state: text.describe('what the probe found; null of what it reported'),
        reason: z.string(),
        count,
        first: time.nullable(),
        last: time,
      }),
    )
    .describe('what went wrong and how often, the newest first'),
});

export interface PublicMirrorFacts {
  mirror: MirrorRow;
  standings: readonly MirrorStanding[];
  downstreams: readonly string[];
  tier: number;
  /** From every vantage point. */
  sightings: readonly SightingRow[];
  days: readonly ProbeSumRow[];
  metrics: readonly MetricRow[];
  sightErrors: readonly SightErrorRow[];
  pushErrors: readonly { archive: string; reason: string; count: number; last: string }[];
  history: readonly {
    archive: string;
    serial: number;
    published_at: string;
    committed_at: string | null;
  }[];
}

/** What is about archives that `standings` does not have is left out. */
export function publicMirrorPage(
  facts: PublicMirrorFacts,
  now: Date,
): z.infer<typeof publicMirrorPageSchema> {
  const { mirror, standings } = facts;
  const archives = standings.map(({ archive }) => archive);
  return {
    at: now.toISOString(),
    mirror: mirror.name,
    kind: mirror.kind,
    state: mirror.state,
    stateReason: mirror.state_reason,
    quarantinedAt: mirror.quarantined_at,
    quarantineReason: mirror.quarantine_reason,
    tier: facts.tier,
    upstream: mirror.upstream,
    downstreams: facts.downstreams.toSorted(),
    country: mirror.country,
    sponsor: mirror.sponsor,
    bandwidth: mirror.bandwidth,
    contact: mirror.contact_public === 1 ? mirror.contact : null,
    httpUrl: mirror.http_url,
    rsyncUrl: mirror.rsync_url,
    addedAt: mirror.added_at,
    archives: standings.map((standing) => carried(standing, facts, now)),
    errors: errorsOf(facts).filter(({ archive }) => archives.includes(archive)),
  };
}

function carried(
  standing: MirrorStanding,
  facts: PublicMirrorFacts,
  now: Date,
): z.infer<typeof carriedSchema> {
  const its = (one: { archive: string }) => one.archive === standing.archive;
  const sightings = facts.sightings.filter(its);
  const own = sightings.find(({ vantage }) => vantage === MASTER_VANTAGE);
  const archives = facts.standings.map(({ archive }) => archive);
  return {
    ...publicMirror(standing, now),
    url: publicAddress(facts.mirror, standing.archive, archives)?.url ?? null,
    endpoints: listIn<Endpoint>(own?.endpoints),
    evidence: listIn<Evidence>(own?.evidence),
    trace: traceOf(own),
    views: sightings.map(({ vantage, state, since, serial, reason, at }) => ({
      // Which mirrors look is told to nobody: a liar would show them another tree.
      by: vantage === MASTER_VANTAGE ? 'master' : 'vantage',
      state,
      words: SIGHT_WORDS[state],
      since,
      serial,
      reason,
      at,
    })),
    figures: figuresJson(facts.metrics.find(its), own, now),
    days: lastDays(facts.days.filter(its), now),
    history: facts.history.filter(its).map((one) => ({
      serial: one.serial,
      publishedAt: one.published_at,
      committedAt: one.committed_at,
    })),
  };
}

function errorsOf({ pushErrors, sightErrors }: PublicMirrorFacts) {
  const reported = pushErrors.map((one) => ({
    ...one,
    by: 'report' as const,
    state: null,
    first: null,
  }));
  const seen = sightErrors.map(({ archive, state, count: times, ...one }) => ({
    archive,
    by: 'probe' as const,
    state,
    reason: one.last_reason,
    count: times,
    first: one.first_at,
    last: one.last_at,
  }));
  return [...reported, ...seen].toSorted((a, b) => (a.last < b.last ? 1 : -1));
}

/** What the probe wrote down. */
function listIn<T>(json: string | undefined): T[] {
  const list: unknown = json === undefined ? [] : JSON.parse(json);
  return Array.isArray(list) ? (list as T[]) : [];
}

/** Who looks after a mirror is told here only with their consent, which the file does not have. */
function traceOf(sighting: SightingRow | undefined): Record<string, unknown> | null {
  const trace: unknown = JSON.parse(sighting?.trace ?? 'null');
  if (typeof trace !== 'object' || trace === null) return null;
  return Object.fromEntries(Object.entries(trace).filter(([key]) => key !== 'maintainer'));
}
