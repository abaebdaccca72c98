import { MasterError } from '../errors.ts';

const RELEASES_A_DAY = 100;

/**
 * The serial of the next release, `YYYYMMDDNN` in UTC: the first of today, or one more than the
 * last, whichever is higher. It only grows, also when the clock was set back or a day had more
 * than a hundred releases.
 *
 * @throws MasterError `serials-used-up` past the largest exact integer.
 */
export function nextSerial(previous: number | undefined, now: Date): number {
  const day = Number(now.toISOString().slice(0, 10).replaceAll('-', ''));
  const next = Math.max((previous ?? 0) + 1, day * RELEASES_A_DAY);
  if (Number.isSafeInteger(next)) return next;
  throw new MasterError(
    'serials-used-up',
    `There is no serial after ${previous}. Start a new epoch for this archive.`,
  );
}
