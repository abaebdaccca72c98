import type { DbOrTrx } from '../../db/open.ts';
import { listSums, writeMetric } from '../../db/probe-sums.ts';
import type { ProbeSumRow } from '../../db/sight-schema.ts';
import { AVAILABILITY_DAYS, RECENT_HOURS } from './definitions.ts';
import { figuresOf } from './figures.ts';
import { addSums, dayOf, EMPTY, hourOf, type Sum } from './sums.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Work out a mirror's figures anew from the sums of its hours and days. */
export async function refreshFigures(
  db: DbOrTrx,
  of: { mirror: string; archive: string },
  at: Date,
): Promise<void> {
  const ago = (ms: number) => new Date(at.getTime() - ms);
  const hours = await listSums(db, 'probe_hour', {
    ...of,
    since: hourOf(ago((RECENT_HOURS - 1) * HOUR_MS)),
  });
  const days = await listSums(db, 'probe_day', {
    ...of,
    since: dayOf(ago((AVAILABILITY_DAYS - 1) * DAY_MS)),
  });
  const [first] = days;
  const lasted = first === undefined ? 0 : at.getTime() - new Date(first.start).getTime();
  const figures = figuresOf(together(hours), together(days), lasted);
  await writeMetric(db, {
    ...of,
    at: at.toISOString(),
    completion: figures.completion,
    delay_ms: figures.delayMs,
    response_ms: figures.responseMs,
    response_deviation_ms: figures.responseDeviationMs,
    availability: figures.availability,
    runs_a_day: figures.runsADay,
    score: figures.score,
  });
}

function together(rows: readonly ProbeSumRow[]): Sum {
  return rows.reduce<Sum>(addSums, EMPTY);
}
