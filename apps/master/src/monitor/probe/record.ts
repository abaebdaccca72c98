import type { Look } from '@pushmirror/probe';
import { findSum, writeSum, type SumTable } from '../../db/probe-sums.ts';
import type { Db, DbOrTrx } from '../../db/open.ts';
import { noteObserved } from '../../db/observations.ts';
import type { PushRow } from '../../db/schema.ts';
import type { SightChangeRow, SightingRow } from '../../db/sight-schema.ts';
import {
  appendSightChange,
  countSightError,
  findSighting,
  MASTER_VANTAGE,
  writeSighting,
} from '../../db/sightings.ts';
import { refreshFigures } from '../metrics/refresh.ts';
import { addLook, dayOf, EMPTY, hourOf, type Counted } from '../metrics/sums.ts';
import { FAILINGS } from './states.ts';
import type { Verdict } from './verdict.ts';

/** What writing down a look brought about. */
export interface Recorded {
  sighting: SightingRow;
  /** Undefined when the mirror is what it was. */
  change: SightChangeRow | undefined;
  /** Pushes that were seen at the mirror for the first time. */
  seen: PushRow[];
}

/** A look and what it means. */
export interface Seen {
  mirror: string;
  archive: string;
  look: Look;
  verdict: Verdict;
}

/** Write down what the master saw, with all that is counted of it, in one transaction. */
export function recordLook(db: Db, seen: Seen): Promise<Recorded> {
  const { mirror, archive, look, verdict } = seen;
  const at = look.at.toISOString();
  return db.transaction().execute(async (trx) => {
    const before = await findSighting(trx, { mirror, archive, vantage: MASTER_VANTAGE });
    const sighting = sightingOf(seen, MASTER_VANTAGE, before);
    await writeSighting(trx, sighting);
    const of = { mirror, archive, state: verdict.state };
    const { state, reason } = verdict;
    if (FAILINGS.has(state)) await countSightError(trx, { ...of, at }, reason ?? '');
    const change =
      before?.state === state
        ? undefined
        : await appendSightChange(trx, {
            at,
            ...of,
            before_state: before?.state ?? null,
            serial: sighting.serial,
            reason,
            evidence: sighting.evidence,
          });
    const isNew = (before?.trace_at ?? null) !== null && before?.trace_at !== sighting.trace_at;
    const counted = {
      state,
      responseMs: look.responseMs,
      lag: verdict.shown === null ? null : (verdict.lag ?? NO_LAG),
      isRun: isNew && sighting.trace_at !== null,
    };
    await count(trx, 'probe_hour', { mirror, archive, start: hourOf(look.at) }, counted);
    await count(trx, 'probe_day', { mirror, archive, start: dayOf(look.at) }, counted);
    await refreshFigures(trx, { mirror, archive }, look.at);
    const shown = { serial: believed(verdict), reason };
    return { sighting, change, seen: await noteObserved(trx, { mirror, archive }, shown, look.at) };
  });
}

async function count(
  trx: DbOrTrx,
  table: SumTable,
  of: { mirror: string; archive: string; start: string },
  look: Counted,
): Promise<void> {
  const sum = addLook((await findSum(trx, table, of)) ?? EMPTY, look);
  await writeSum(trx, table, { ...of, ...sum });
}

const NO_LAG = { ms: 0, serials: 0 };

/** The row of a look, from whichever vantage point. */
export function sightingOf(
  { mirror, archive, look, verdict }: Seen,
  vantage: string,
  before: SightingRow | undefined,
): SightingRow {
  const at = look.at.toISOString();
  const { state, shown, lag, trace } = verdict;
  return {
    mirror,
    archive,
    vantage,
    at,
    state,
    since: before?.state === state ? before.since : at,
    reason: verdict.reason,
    basis: verdict.basis,
    epoch: shown?.epoch ?? null,
    serial: shown?.serial ?? null,
    lacks: shown === null ? null : (lag?.serials ?? 0),
    lacks_since: lag?.since.toISOString() ?? null,
    ...highestOf(verdict, before),
    response_ms: look.responseMs,
    certificate_until: look.certificateUntil?.toISOString() ?? null,
    trace_at: trace?.date?.toISOString() ?? before?.trace_at ?? null,
    trace: trace === null ? (before?.trace ?? null) : JSON.stringify(trace),
    endpoints: JSON.stringify(look.endpoints),
    evidence: JSON.stringify(look.evidence),
  };
}

/** What it was seen to show counts; a release that never was does not. */
function highestOf({ state, shown }: Verdict, before: SightingRow | undefined) {
  const highest = {
    highest_epoch: before?.highest_epoch ?? null,
    highest_serial: before?.highest_serial ?? null,
  };
  if (shown === null || state === 'equivocating') return highest;
  const { highest_epoch: epoch, highest_serial: serial } = highest;
  const isHigher =
    epoch === null ||
    serial === null ||
    shown.epoch > epoch ||
    (shown.epoch === epoch && shown.serial > serial);
  return isHigher ? { highest_epoch: shown.epoch, highest_serial: shown.serial } : highest;
}

/** Only what readers get rightly is observed; a release with wrong content is not. */
function believed({ state, shown }: Verdict): number | null {
  return state === 'wrong-content' || state === 'equivocating' ? null : (shown?.serial ?? null);
}
