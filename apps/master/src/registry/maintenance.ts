import type { MaintenanceRow } from '../db/operator-schema.ts';

export type Window = Pick<
  MaintenanceRow,
  'starts_at' | 'ends_at' | 'weekday' | 'start_minute' | 'minutes'
>;

const DAY_MINUTES = 24 * 60;
const WEEK_MINUTES = 7 * DAY_MINUTES;

/** Whether a moment lies in a window: from its first moment on, up to its end. */
export function isWithin(window: Window, at: Date): boolean {
  const { starts_at: starts, ends_at: ends, weekday, start_minute: minute, minutes } = window;
  if (starts !== null && ends !== null) {
    const now = at.toISOString();
    return starts <= now && now < ends;
  }
  if (weekday === null || minute === null || minutes === null) return false;
  const now = at.getUTCDay() * DAY_MINUTES + at.getUTCHours() * 60 + at.getUTCMinutes();
  const since = (now - (weekday * DAY_MINUTES + minute) + WEEK_MINUTES) % WEEK_MINUTES;
  return since < minutes; // Also where it goes over midnight or the end of the week.
}

/** The mirrors that rest at a moment. */
export function resting(
  windows: readonly (Window & { mirror: string })[],
  at: Date,
): ReadonlySet<string> {
  return new Set(windows.filter((window) => isWithin(window, at)).map(({ mirror }) => mirror));
}
