import { isAbsolute, normalize } from 'node:path';
import { z } from 'zod';

/**
 * Pieces for configuration schemas. What they parse to differs from what is written, so give
 * defaults as written, with `prefault`: `duration.prefault('15m')`, `size.prefault('1G')`.
 */

/** `"90s"`, `"10m"`, `"2h"`, `"1d"`, `"500ms"`: a time above zero, in milliseconds. */
export const duration = written('a duration such as "90s", "10m" or "2h"', (text) =>
  scaled(text, /^(\d{1,9})(ms|s|m|h|d)$/, {
    ms: 1,
    s: 1000,
    m: 60_000,
    h: 3_600_000,
    d: 86_400_000,
  }),
);

/** `"512K"`, `"10M"`, `"4G"`, `"2T"`, `"4096"` (powers of 1024): a size in bytes. */
export const size = written('a size such as "512K", "10M" or "4G"', (text) =>
  scaled(text, /^(\d{1,12})([KMGT]?)$/, { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 }),
);

/** A TCP port, 1 to 65535; in tests and demos also 0, "any free one". */
export const port = z
  .int({ error: 'expected a port number from 0 to 65535' })
  .min(0, { error: 'expected a port number from 0 to 65535' })
  .max(65535, { error: 'expected a port number from 0 to 65535' });

/** An absolute path, without `.`, `..`, doubled or trailing slashes and control characters. */
export const absolutePath = written('an absolute path such as "/srv/mirror"', (text) => {
  if (!isAbsolute(text) || /\p{Cc}/u.test(text)) return undefined;
  const plain = normalize(text).replace(/(?<=.)\/$/, '');
  return text.split('/').some((part) => part === '.' || part === '..') ? undefined : plain;
});

/** A string that `read` turns into a value; undefined means that it is not what was expected. */
function written<T>(what: string, read: (text: string) => T | undefined) {
  const error = `expected ${what}`;
  return z.string({ error }).transform((text, context): T => {
    const value = read(text);
    if (value !== undefined) return value;
    context.addIssue({ code: 'custom', message: error, input: text });
    return z.NEVER;
  });
}

function scaled(text: string, form: RegExp, units: Record<string, number>): number | undefined {
  const [, digits, unit = ''] = form.exec(text) ?? [];
  const value = Number(digits) * (units[unit] ?? Number.NaN);
  return Number.isSafeInteger(value) && value > 0 ? value : undefined;
}
