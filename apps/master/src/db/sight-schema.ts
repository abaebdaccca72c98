import type { SightState } from '../monitor/probe/states.ts';

/** The tables of migration 0009; the columns are explained there. */
export interface SightTables {
  sighting: SightingRow;
  sight_change: SightChangeRow;
  sight_error: SightErrorRow;
  probe_hour: ProbeSumRow;
  probe_day: ProbeSumRow;
  mirror_metric: MetricRow;
  propagation: PropagationRow;
  vantage: VantageRow;
}

export interface SightingRow {
  mirror: string;
  archive: string;
  vantage: string;
  at: string;
  state: SightState;
  since: string;
  reason: string | null;
  basis: 'head' | 'trace' | null;
  epoch: number | null;
  serial: number | null;
  lacks: number | null;
  lacks_since: string | null;
  highest_epoch: number | null;
  highest_serial: number | null;
  response_ms: number | null;
  certificate_until: string | null;
  trace_at: string | null;
  trace: string | null;
  endpoints: string;
  evidence: string;
}

export interface SightChangeRow {
  sequence: number;
  at: string;
  mirror: string;
  archive: string;
  before_state: SightState | null;
  state: SightState;
  serial: number | null;
  reason: string | null;
  evidence: string;
}

export interface SightErrorRow {
  mirror: string;
  archive: string;
  state: SightState;
  count: number;
  first_at: string;
  last_at: string;
  last_reason: string;
}

/** An hour or a day of looks at one mirror and archive. */
export interface ProbeSumRow {
  start: string;
  mirror: string;
  archive: string;
  looks: number;
  answered: number;
  fresh: number;
  response_sum: number;
  response_squares: number;
  lag_looks: number;
  lag_sum: number;
  lag_max: number;
  lacks_max: number;
  runs: number;
  worst: SightState;
}

export interface MetricRow {
  mirror: string;
  archive: string;
  at: string;
  completion: number | null;
  delay_ms: number | null;
  response_ms: number | null;
  response_deviation_ms: number | null;
  availability: number | null;
  runs_a_day: number | null;
  score: number | null;
}

export interface PropagationRow {
  archive: string;
  serial: number;
  basis: 'committed' | 'observed';
  tier: number;
  mirrors: number;
  reached: number;
  p50_ms: number | null;
  p90_ms: number | null;
  p95_ms: number | null;
  p100_ms: number | null;
  updated_at: string;
}

export interface VantageRow {
  mirror: string;
  asked_at: string;
  asked_by: string;
  last_at: string | null;
}
