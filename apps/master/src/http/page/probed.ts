import type { Endpoint, Evidence } from '@pushmirror/probe';
import type { MetricRow, ProbeSumRow, SightingRow } from '../../db/sight-schema.ts';
import { DEFINITIONS, type MetricName } from '../../monitor/metrics/definitions.ts';
import { SIGHT_WORDS } from '../../monitor/probe/states.ts';
import { timeChart, type Chart } from './chart.ts';
import { momentOf, type Moment } from './moment.ts';
import { SIGHT_TONES, type Tone } from './row.ts';
import { counted, milliseconds, moment, plain, span } from './words.ts';

/** What the probe knows of one mirror and archive, in words. */
export interface Probed {
  since: Moment | null;
  endpoints: {
    name: string;
    tone: Tone;
    words: string;
    serial: string;
    time: string;
    certificate: string;
    reason: string | null;
  }[];
  evidence: { title: string; facts: string }[];
  /** What its trace file said when it was last read. */
  trace: { title: string; text: string }[];
  /** Each of the last 14 days, the oldest first. */
  days: { x: number; tone: Tone; title: string }[];
  figures: { title: string; value: string; means: string }[];
  charts: { title: string; chart: Chart }[];
}

const DAYS = 14;
const DAY_MS = 86_400_000;

export function probed(
  o: {
    sighting: SightingRow | undefined;
    days: readonly ProbeSumRow[];
    metric: MetricRow | undefined;
  },
  now: Date,
): Probed {
  const { sighting, metric } = o;
  const days = lastDays(o.days, now);
  return {
    since: sighting === undefined ? null : momentOf(sighting.since, now),
    endpoints: (sighting === undefined ? [] : readList<Endpoint>(sighting.endpoints)).map(
      endpointLine,
    ),
    evidence: (sighting === undefined ? [] : readList<Evidence>(sighting.evidence)).map((one) => ({
      title: plain(one.url),
      facts: factsOf(one),
    })),
    trace: traceFacts(sighting?.trace ?? '{}'),
    days: days.some(({ sum }) => sum !== undefined) ? days.map(dayBlock) : [],
    figures: metric === undefined ? [] : figuresOf(metric),
    charts: chartsOf(days),
  };
}

/** What is in the database was written by the probe; what cannot be read is left out. */
function readList<T>(text: string): T[] {
  const list: unknown = JSON.parse(text);
  return Array.isArray(list) ? (list as T[]) : [];
}

function endpointLine(one: Endpoint): Probed['endpoints'][number] {
  const family = one.family === null ? '' : ` over IPv${one.family}`;
  const tones: Record<Endpoint['state'], Tone> = {
    ok: 'good',
    certificate: 'bad',
    unreachable: 'bad',
    'not-offered': 'quiet',
  };
  const words = one.state === 'ok' ? 'answers' : one.state.replace('-', ' ');
  return {
    name: `${one.protocol}${family}`,
    tone: tones[one.state],
    words,
    serial: one.serial === null ? '–' : String(one.serial),
    time: one.ms === null ? '–' : milliseconds(one.ms),
    certificate: one.certificateUntil?.slice(0, 10) ?? '–',
    reason: one.reason === null ? null : plain(one.reason),
  };
}

/** What came of one request. The digest is in full, so that it can be held against one's own. */
function factsOf(one: Evidence): string {
  const family = one.family === null ? '' : ` over IPv${one.family}`;
  const came = one.error ?? (one.status === null ? 'answered' : `answered ${one.status}`);
  const { sha256, expected } = one;
  return [
    `${WHAT[one.what]}${family}: ${came} after ${milliseconds(one.ms)}`,
    one.bytes === null ? '' : counted(one.bytes, 'byte'),
    sha256 === null ? '' : `sha256 ${sha256}`,
    expected === null
      ? ''
      : expected === sha256
        ? 'as in the manifest'
        : `the manifest has ${expected}`,
    one.pastCache ? 'asked past caches' : '',
    moment(new Date(one.at)),
  ]
    .flatMap((part) => (part === '' ? [] : [plain(part)]))
    .join('; ');
}

const WHAT: Record<Evidence['what'], string> = {
  head: 'Head',
  trace: 'Trace file',
  index: 'Index',
  sample: 'Package',
  mark: 'Mark of an update in progress',
  rsync: 'rsync',
};

/** Without the maintainer: who may be written to is for the operators to say. */
const TRACE_FACTS = [
  ['Last sync ended', 'date'],
  ['Archive serial', 'archiveSerial'],
  ['Made by', 'creator'],
  ['Begun by', 'trigger'],
  ['Pulled from', 'upstreamMirror'],
] as const;

function traceFacts(text: string): Probed['trace'] {
  const known: unknown = JSON.parse(text);
  const given = new Map(Object.entries(known ?? {}));
  return TRACE_FACTS.flatMap(([title, key]) => {
    const value: unknown = given.get(key);
    if (typeof value !== 'string') return [];
    const at = key === 'date' ? new Date(value) : undefined;
    const isTime = at !== undefined && !Number.isNaN(at.getTime());
    return [{ title, text: isTime ? moment(at) : plain(value) }];
  });
}

interface Day {
  date: string;
  sum: ProbeSumRow | undefined;
}

function lastDays(sums: readonly ProbeSumRow[], now: Date): Day[] {
  const byDay = new Map(sums.map((sum) => [sum.start.slice(0, 10), sum]));
  return Array.from({ length: DAYS }, (_, index) => {
    const date = new Date(now.getTime() - (DAYS - 1 - index) * DAY_MS).toISOString().slice(0, 10);
    return { date, sum: byDay.get(date) };
  });
}

function dayBlock({ date, sum }: Day, index: number): Probed['days'][number] {
  if (sum === undefined || sum.looks === 0) {
    return { x: index * 10, tone: 'quiet', title: `${date}: not looked at` };
  }
  const percent = (count: number) => `${Math.round((100 * count) / sum.looks)} %`;
  return {
    x: index * 10,
    tone: toneOf(sum),
    title: `${date}: answered ${percent(sum.answered)}, fresh ${percent(sum.fresh)} of ${sum.looks} looks; worst: ${SIGHT_WORDS[sum.worst]}`,
  };
}

/** Every release makes mirrors lack it for a while: that alone spoils no day. */
function toneOf({ worst, fresh, looks }: ProbeSumRow): Tone {
  if (worst !== 'behind' && worst !== 'updating') return SIGHT_TONES[worst];
  const share = fresh / looks;
  return share >= 0.9 ? 'good' : share >= 0.5 ? 'moving' : 'bad';
}

function figuresOf(metric: MetricRow): Probed['figures'] {
  const percent = (value: number | null) => (value === null ? null : `${value.toFixed(1)} %`);
  const values: Partial<Record<MetricName, string | null>> = {
    score: metric.score === null ? null : metric.score.toFixed(0),
    completion: percent(metric.completion),
    delay: metric.delay_ms === null ? null : span(metric.delay_ms),
    availability: percent(metric.availability),
    response: metric.response_ms === null ? null : milliseconds(metric.response_ms),
    deviation:
      metric.response_deviation_ms === null ? null : milliseconds(metric.response_deviation_ms),
    runs: metric.runs_a_day === null ? null : metric.runs_a_day.toFixed(1),
  };
  return DEFINITIONS.flatMap(({ name, title, means }) => {
    const value = values[name];
    return value === undefined || value === null ? [] : [{ title, value, means }];
  });
}

function chartsOf(days: readonly Day[]): Probed['charts'] {
  const range = { from: days[0]?.date ?? '', to: days.at(-1)?.date ?? '' };
  const mean = (sum: number, of: number) => (of === 0 ? null : sum / of);
  const lag = timeChart(
    [
      {
        name: 'mean lag',
        tone: 'moving',
        values: days.map(({ sum }) =>
          sum === undefined ? null : mean(sum.lag_sum, sum.lag_looks),
        ),
      },
      {
        name: 'largest lag',
        tone: 'bad',
        values: days.map(({ sum }) => (sum === undefined ? null : sum.lag_max)),
      },
    ],
    range,
  );
  const response = timeChart(
    [
      {
        name: 'mean response time',
        tone: 'good',
        values: days.map(({ sum }) =>
          sum === undefined ? null : mean(sum.response_sum, sum.answered),
        ),
      },
    ],
    { ...range, least: 10 },
  );
  return [
    ...(lag === undefined ? [] : [{ title: 'Lag by day', chart: lag }]),
    ...(response === undefined ? [] : [{ title: 'Response time by day', chart: response }]),
  ];
}
