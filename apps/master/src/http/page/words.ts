/** Numbers and times in words, for people. */

const UNITS: [string, number][] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
];

/** `3 min`, `2 h`, `5 d`: the largest unit that fits, not to be broken across lines. */
export function span(ms: number): string {
  const [unit, size] = UNITS.find(([, one]) => ms >= one) ?? ['s', 1_000];
  return `${Math.floor(Math.max(0, ms) / size)}\u00a0${unit}`;
}

/** `1 min 20 s`, `2 h 5 min`: with the next smaller unit, where times are held against each other. */
export function longSpan(ms: number): string {
  const at = UNITS.findIndex(([, size]) => ms >= size);
  const [large, small] = [UNITS[at], UNITS[at + 1]];
  const rest = large === undefined ? 0 : ms % large[1];
  if (small === undefined || rest < small[1]) return span(ms);
  return `${span(ms)} ${Math.floor(rest / small[1])}\u00a0${small[0]}`;
}

/** `42 ms`, `12 s`: of what is mostly quick. */
export function milliseconds(ms: number): string {
  return ms < 10_000 ? `${Math.round(ms)}\u00a0ms` : longSpan(ms);
}

/** `3 min ago`; `just now` within a few seconds. */
export function ago(at: Date, now: Date): string {
  const ms = now.getTime() - at.getTime();
  return ms < 5_000 ? 'just now' : `${span(ms)} ago`;
}

/** `21 Nov 2026 09:00 UTC` */
export function moment(at: Date): string {
  const [date = '', time = ''] = at.toISOString().split('T');
  const [year, month, day] = date.split('-');
  return `${Number(day)} ${MONTHS[Number(month) - 1]} ${year} ${time.slice(0, 5)} UTC`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `1.4 GB`, in powers of 1000. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** `12,345` */
export function number(count: number): string {
  return count.toLocaleString('en-US');
}

/** `1 file`, `2 files` */
export function counted(count: number, one: string): string {
  return `${number(count)} ${one}${count === 1 ? '' : 's'}`;
}

const LONGEST = 200;

/**
 * A text that came from outside, fit to be shown in a line: without control characters and those
 * that turn the direction of what stands around them, and not too long. Escaping is the template's.
 */
export function plain(text: string): string {
  const line = text
    .replace(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .replace(/[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, '')
    .trim();
  const letters = Array.from(line);
  return letters.length <= LONGEST ? line : `${letters.slice(0, LONGEST - 1).join('')}…`;
}
