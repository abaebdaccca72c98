/**
 * Read a time as OpenSSH's options have it: `YYYYMMDD[Z]` or `YYYYMMDDHHMM[SS][Z]`; `Z` (or `UTC`)
 * is UTC, and without it the time is local (ssh-keygen(1), ALLOWED SIGNERS).
 *
 * OpenSSH reads a local time as standard time even where summer time was in force, and so do we,
 * so that both give the same verdict. It lets 31 February pass as 3 March; we do not.
 *
 * @returns undefined for anything else, and for 1970-01-01T00:00:00Z and earlier, as OpenSSH.
 */
export function parseAbsoluteTime(text: string): Date | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)(?:(\d\d)(\d\d)(\d\d)?)?(Z|UTC)?$/i.exec(text);
  if (match === null) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((digits: string | undefined) => Number(digits ?? 0));
  const utc = new Date(Date.UTC(year, month - 1, day, hour, minute, second));
  const digits = [pad(year, 4), ...[month, day, hour, minute, second].map((n) => pad(n, 2))];
  const exists = utc.toISOString().replace(/\D/g, '').startsWith(digits.join(''));
  if (!exists) return undefined;
  const offset = match[7] === undefined ? standardOffset(year) : 0;
  const date = new Date(utc.getTime() + offset * 60_000);
  return date.getTime() > 0 ? date : undefined;
}

/** Minutes from local standard time to UTC: of the two halves of a year, the one without summer. */
function standardOffset(year: number): number {
  const offsets = [0, 6].map((month) => new Date(year, month, 1).getTimezoneOffset());
  return Math.max(...offsets);
}

function pad(number: number, width: number): string {
  return String(number).padStart(width, '0');
}
