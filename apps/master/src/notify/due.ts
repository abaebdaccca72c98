import type { Digest } from '../db/notice-schema.ts';

/** When somebody wants to be told. */
export interface Wishes {
  digest: Digest;
  /** Minutes of the local day; `from` may be later than `to`: over midnight. */
  quiet: { from: number; to: number } | null;
  /** An IANA time zone. */
  zone: string;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MINUTES = 24 * 60;
/** When a daily digest leaves, by the local clock. */
const DAILY_AT = 8 * 60;

/** When something that happens now is to be sent: at the time of its digest, never in quiet hours. */
export function dueAt(now: Date, wishes: Wishes): Date {
  const { digest, quiet, zone } = wishes;
  const at = digestAt(now, digest, zone);
  return quiet === null ? at : quietEnd(at, quiet, zone);
}

/** The first moment from `at` on that is not in quiet hours, whatever the clocks are set to meanwhile. */
export function quietEnd(at: Date, quiet: { from: number; to: number }, zone: string): Date {
  const minute = localOf(at, zone).minute;
  if (!isQuiet(minute, quiet)) return at;
  const start = Math.floor(at.getTime() / MINUTE_MS) * MINUTE_MS;
  const left = (quiet.to - minute + DAY_MINUTES) % DAY_MINUTES;
  const steady = new Date(start + left * MINUTE_MS);
  if (offsetOf(steady, zone) === offsetOf(at, zone)) return steady;
  for (let time = start; ; time += MINUTE_MS) {
    const then = new Date(time);
    if (!isQuiet(localOf(then, zone).minute, quiet)) return then;
  }
}

export function isQuiet(minute: number, { from, to }: { from: number; to: number }): boolean {
  return from < to ? from <= minute && minute < to : minute >= from || minute < to;
}

/** Whether a time zone has a name that this host knows. */
export function isZone(zone: string): boolean {
  try {
    clockOf(zone);
    return true;
  } catch {
    return false;
  }
}

/** The local date and minute of the day. */
export function localOf(at: Date, zone: string): { day: string; minute: number } {
  const parts: Record<string, string> = {};
  for (const { type, value } of clockOf(zone).formatToParts(at)) parts[type] = value;
  const { year = '', month = '', day = '', hour, minute } = parts;
  return { day: `${year}-${month}-${day}`, minute: Number(hour) * 60 + Number(minute) };
}

function digestAt(now: Date, digest: Digest, zone: string): Date {
  switch (digest) {
    case 'immediate':
      return now;
    case 'hourly':
      return new Date((Math.floor(now.getTime() / HOUR_MS) + 1) * HOUR_MS);
    case 'daily':
      return nextDaily(now, zone);
  }
}

/** The next time that the local clock reaches the hour of the digest. */
function nextDaily(now: Date, zone: string): Date {
  const today = localOf(now, zone);
  const reached = (time: Date) => {
    const { day, minute } = localOf(time, zone);
    return minute >= DAILY_AT && (today.minute < DAILY_AT || day !== today.day);
  };
  const start = Math.floor(now.getTime() / MINUTE_MS) * MINUTE_MS;
  let time = new Date(start);
  while (!reached(time)) time = new Date(time.getTime() + HOUR_MS / 4);
  while (reached(new Date(time.getTime() - MINUTE_MS))) time = new Date(time.getTime() - MINUTE_MS);
  return time;
}

/** Minutes east of UTC, of the wall clock. */
function offsetOf(at: Date, zone: string): number {
  const { day, minute } = localOf(at, zone);
  const wall = Date.parse(`${day}T00:00:00Z`) / MINUTE_MS + minute;
  return wall - Math.floor(at.getTime() / MINUTE_MS);
}

const clocks = new Map<string, Intl.DateTimeFormat>();
const MOST_CLOCKS = 100;

function clockOf(zone: string): Intl.DateTimeFormat {
  const known = clocks.get(zone);
  if (known !== undefined) return known;
  const digits = '2-digit';
  const clock = new Intl.DateTimeFormat('en-CA', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: digits,
    day: digits,
    hour: digits,
    minute: digits,
  });
  if (clocks.size >= MOST_CLOCKS) clocks.clear();
  clocks.set(zone, clock);
  return clock;
}
