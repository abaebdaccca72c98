const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** As `LC_ALL=POSIX date -u` writes it: `Sat Nov 21 09:00:00 UTC 2026`. */
export function posixDate(date: Date): string {
  const [weekday, day, month, year, time] = partsOf(date);
  return `${weekday} ${month} ${Number(day).toString().padStart(2)} ${time} UTC ${year}`;
}

/** As `LC_ALL=POSIX date -u -R` writes it (RFC 2822): `Sat, 21 Nov 2026 09:00:00 +0000`. */
export function mailDate(date: Date): string {
  const [weekday, day, month, year, time] = partsOf(date);
  return `${weekday}, ${day} ${month} ${year} ${time} +0000`;
}

/** `2026-11-21T09:00:00Z`, as in heads. */
export function isoDate(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z');
}

/** Read any of the three forms, and those with another offset; undefined for everything else. */
export function readDate(text: string): Date | undefined {
  return readPosix(text) ?? readMail(text) ?? readIso(text);
}

/** `Sat, 21 Nov 2026 09:00:00 GMT`, taken apart. */
function partsOf(date: Date): string[] {
  if (Number.isNaN(date.getTime())) throw new RangeError('That is no date.');
  return date.toUTCString().split(/,? /);
}

function readPosix(text: string): Date | undefined {
  const form = /^[A-Z][a-z]{2} ([A-Z][a-z]{2}) +(\d{1,2}) (\d\d:\d\d:\d\d) (?:UTC|GMT) (\d{4})$/;
  const [, month = '', day = '', time = '', year = ''] = form.exec(text) ?? [];
  return asDate(year, MONTHS.indexOf(month), day, time, 0);
}

function readMail(text: string): Date | undefined {
  const form =
    /^(?:[A-Z][a-z]{2}, *)?(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}) (\d\d:\d\d:\d\d) (?:([+-])(\d\d)(\d\d)|UTC|GMT)$/;
  const match = form.exec(text);
  const [, day = '', month = '', year = '', time = '', sign, hours, minutes] = match ?? [];
  const offset = (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * (sign === '-' ? -1 : 1);
  return asDate(year, MONTHS.indexOf(month), day, time, offset);
}

function readIso(text: string): Date | undefined {
  const form = /^(\d{4})-(\d\d)-(\d\d)T(\d\d:\d\d:\d\d)(?:\.\d{1,9})?(?:Z|\+00:00)$/;
  const [, year = '', month = '', day = '', time = ''] = form.exec(text) ?? [];
  return asDate(year, Number(month) - 1, day, time, 0);
}

/** A moment that the calendar has (no 31 February), from parts that may be empty. */
function asDate(
  year: string,
  month: number,
  day: string,
  time: string,
  offsetMinutes: number,
): Date | undefined {
  const [hours = 24, minutes = 60, seconds = 60] = time.split(':').map(Number);
  if (month < 0 || hours > 23 || minutes > 59 || seconds > 59 || offsetMinutes % 1 !== 0) {
    return undefined;
  }
  const date = new Date(0);
  date.setUTCFullYear(Number(year), month, Number(day));
  if (date.getUTCMonth() !== month || date.getUTCDate() !== Number(day)) return undefined;
  date.setUTCHours(hours, minutes - offsetMinutes, seconds);
  return date;
}
