import { AgentError } from '../errors.ts';

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

/** What was given of a maintenance window on the command line. */
export interface WindowFlags {
  from?: string;
  to?: string;
  weekly?: string;
  at?: string;
  for?: number;
}

/**
 * The window for the master's API: `--from T --to T` once, or `--weekly sun --at 02:00 --for 4h`, in
 * UTC. Undefined when none was given.
 *
 * @throws AgentError `usage`
 */
export function windowOf({ from, to, weekly, at, for: ms }: WindowFlags): object | undefined {
  if ([from, to, weekly, at, ms].every((one) => one === undefined)) return undefined;
  const once = from !== undefined && to !== undefined;
  if (once && weekly === undefined && at === undefined && ms === undefined) {
    return { startsAt: asTime(from), endsAt: asTime(to) };
  }
  const [, hours, minutes] = /^([01]\d|2[0-3]):([0-5]\d)$/.exec(at ?? '') ?? [];
  const weekday = DAYS.indexOf((weekly ?? '').slice(0, 3).toLowerCase());
  if (
    from !== undefined ||
    to !== undefined ||
    hours === undefined ||
    weekday < 0 ||
    ms === undefined
  ) {
    throw usage('Give --from and --to, or --weekly DAY --at HH:MM --for TIME (in UTC).');
  }
  const startMinute = Number(hours) * 60 + Number(minutes);
  return { weekday, startMinute, minutes: Math.ceil(ms / 60_000) };
}

/** A window in words. */
export function inWords(window: {
  startsAt: string | null;
  endsAt: string | null;
  weekday: number | null;
  startMinute: number | null;
  minutes: number | null;
}): string {
  const { startsAt, endsAt, weekday, startMinute, minutes } = window;
  if (startsAt !== null) return `from ${startsAt} to ${endsAt ?? 'ever'}`;
  const two = (number: number) => String(number).padStart(2, '0');
  const start = startMinute ?? 0;
  const time = `${two(Math.floor(start / 60))}:${two(start % 60)}`;
  return `every ${DAYS[weekday ?? 0]} ${time} UTC for ${minutes} min`;
}

function asTime(text: string): string {
  const time = Date.parse(text);
  if (Number.isNaN(time))
    throw usage(`"${text.slice(0, 40)}" is not a time such as 2026-11-21T22:00Z.`);
  return new Date(time).toISOString();
}

function usage(message: string): AgentError {
  return new AgentError('usage', message);
}
