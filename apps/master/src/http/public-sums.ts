import { z } from 'zod';
import type { MetricRow, ProbeSumRow, SightingRow } from '../db/sight-schema.ts';
import { AVAILABILITY_DAYS, DEFINITIONS, type MetricName } from '../monitor/metrics/definitions.ts';
import { dayOf, EMPTY } from '../monitor/metrics/sums.ts';

/** Figures with what they mean, and the hours and days that they are made of, for the public JSON. */

const count = z.number();

export const figureSchema = z.object({
  name: z.string(),
  title: z.string(),
  unit: z.string(),
  means: z.string(),
  value: count.nullable().describe('null where there was nothing to count'),
});

export const sumSchema = z.object({
  start: z.string().describe('the first moment of the hour or day'),
  looks: count,
  answered: count,
  fresh: count,
  worst: z.string().nullable().describe('the worst state that was seen; null without looks'),
  responseMs: count.nullable().describe('mean of the looks that were answered'),
  lagMs: count.nullable().describe('mean of the looks that found a release'),
  lagMaxMs: count,
  lacksMax: count.describe('most releases that it lacked'),
  runs: count.describe('how often its trace file was found to be new'),
});

export function figuresJson(
  metric: MetricRow | undefined,
  sighting: SightingRow | undefined,
  now: Date,
): z.infer<typeof figureSchema>[] {
  const values: Partial<Record<MetricName, number | null>> = {
    lag: sighting?.lacks ?? null,
    'lag-time': lagMs(sighting, now),
    completion: metric?.completion ?? null,
    delay: metric?.delay_ms ?? null,
    response: metric?.response_ms ?? null,
    deviation: metric?.response_deviation_ms ?? null,
    availability: metric?.availability ?? null,
    runs: metric?.runs_a_day ?? null,
    score: metric?.score ?? null,
  };
  return DEFINITIONS.flatMap((definition) => {
    const value = values[definition.name];
    return value === undefined ? [] : [{ ...definition, value }];
  });
}

function lagMs(sighting: SightingRow | undefined, now: Date): number | null {
  if (sighting === undefined || sighting.serial === null) return null;
  const since = sighting.lacks_since;
  return since === null ? 0 : Math.max(0, now.getTime() - new Date(since).getTime());
}

export function sumJson(row: Omit<ProbeSumRow, 'mirror' | 'archive'>): z.infer<typeof sumSchema> {
  const mean = (sum: number, of: number) => (of === 0 ? null : sum / of);
  return {
    start: row.start,
    looks: row.looks,
    answered: row.answered,
    fresh: row.fresh,
    worst: row.looks === 0 ? null : row.worst,
    responseMs: mean(row.response_sum, row.answered),
    lagMs: mean(row.lag_sum, row.lag_looks),
    lagMaxMs: row.lag_max,
    lacksMax: row.lacks_max,
    runs: row.runs,
  };
}

/** Each of the last 14 days, the oldest first; days without looks have none. */
export function lastDays(rows: readonly ProbeSumRow[], now: Date): z.infer<typeof sumSchema>[] {
  const known = new Map(rows.map((row) => [row.start.slice(0, 10), row]));
  return Array.from({ length: AVAILABILITY_DAYS }, (_, index) => {
    const ago = (AVAILABILITY_DAYS - 1 - index) * 86_400_000;
    const start = dayOf(new Date(now.getTime() - ago));
    return sumJson(known.get(start.slice(0, 10)) ?? { ...EMPTY, start });
  });
}
