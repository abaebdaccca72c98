import type { Tone } from './row.ts';
import { milliseconds } from './words.ts';

/** Lines over a row of values, as the template draws them: all numbers are the picture's units. */
export interface Chart {
  width: number;
  height: number;
  lines: {
    name: string;
    tone: Tone;
    path: string;
    last: { x: number; y: number } | null;
    /** What the line shows, in words; null of one without a value. */
    says: string | null;
  }[];
  /** Heights with their words. */
  ticks: { y: number; text: string }[];
  /** Where the picture begins and ends, in words. */
  from: string;
  to: string;
  left: number;
  bottom: number;
}

export interface Series {
  name: string;
  tone: Tone;
  /** One a step from left to right; null where there is none. */
  values: readonly (number | null)[];
}

const [WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM] = [640, 200, 84, 12, 12, 30];

/** Values in milliseconds, from zero up, to `least` at least. Undefined without any. */
export function timeChart(
  series: readonly Series[],
  o: { from: string; to: string; least?: number },
): Chart | undefined {
  const all = series.flatMap(({ values }) => values.filter((value) => value !== null));
  if (all.length === 0) return undefined;
  const { top, step } = scaleOf(Math.max(o.least ?? 1000, ...all));
  const y = (value: number) => round(HEIGHT - BOTTOM - (value / top) * (HEIGHT - TOP - BOTTOM));
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, index) => index * step);
  return {
    width: WIDTH,
    height: HEIGHT,
    left: LEFT,
    bottom: HEIGHT - BOTTOM,
    lines: series.map(({ name, tone, values }) => {
      return { name, tone, ...lineOf(values, y), says: sentenceOf(values) };
    }),
    ticks: ticks.map((value) => ({ y: y(value), text: exactly(value, step) })),
    from: o.from,
    to: o.to,
  };
}

function lineOf(values: Series['values'], y: (value: number) => number) {
  const wide = WIDTH - LEFT - RIGHT;
  let path = '';
  let last: { x: number; y: number } | null = null;
  let pen = 'M';
  values.forEach((value, index) => {
    if (value === null) {
      pen = 'M'; // A gap is a gap, and not a straight line.
      return;
    }
    const x = round(LEFT + (values.length === 1 ? wide : (wide * index) / (values.length - 1)));
    last = { x, y: y(value) };
    path += `${pen}${x},${last.y}`;
    pen = 'L';
  });
  return { path, last };
}

/** For those who do not see the line: its ends and its last value. */
function sentenceOf(values: Series['values']): string | null {
  const known = values.filter((value) => value !== null);
  const last = known.at(-1);
  if (last === undefined) return null;
  const [least, most] = [Math.min(...known), Math.max(...known)].map(milliseconds);
  const range = least === most ? `always ${most}` : `from ${least} to ${most}`;
  return known.length === 1 ? `once ${most}` : `${range}, last ${milliseconds(last)}`;
}

const SMALL_STEPS = [1, 2, 5, 10, 20, 50, 100, 200, 250, 500];
const STEPS = [
  ...SMALL_STEPS.map((ms) => ms / 1000),
  1,
  2,
  5,
  10,
  15,
  30,
  60,
  120,
  300,
  600,
  900,
  1800,
  3600,
  7200,
  10_800,
  21_600,
  43_200,
  86_400,
].map((seconds) => seconds * 1000);

/** Between two and five steps of a round size. */
function scaleOf(most: number): { top: number; step: number } {
  const step =
    STEPS.find((one) => most / one <= 4) ?? Math.ceil(most / 4 / 86_400_000) * 86_400_000;
  return { top: Math.max(1, Math.ceil(most / step)) * step, step };
}

/** All in the unit of the step, so that none is rounded. */
function exactly(value: number, step: number): string {
  const [unit, size] = UNITS.find(([, one]) => step % one === 0) ?? ['ms', 1];
  return value === 0 ? '0' : `${value / size}\u00a0${unit}`;
}

const UNITS: [string, number][] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
];

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
