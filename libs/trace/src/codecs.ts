import { clean } from './clean.ts';
import { isoDate, mailDate, readDate } from './dates.ts';
import type { ArchitecturesConfiguration } from './trace.ts';

/** One way to write a value in a line, and to read it again (undefined: that is not one). */
export interface Codec<T> {
  read(text: string): T | undefined;
  write(value: T): string;
}

const MOST_WORDS = 100;

/** Any text, on one line. */
export const text: Codec<string> = {
  read: (value) => clean(value) || undefined,
  write: clean,
};

/** A date as `date -u -R` writes it. */
export const mail: Codec<Date> = { read: readDate, write: mailDate };

/** A date as heads have it. */
export const iso: Codec<Date> = { read: readDate, write: isoDate };

/** A whole number from zero. */
export const whole: Codec<number> = {
  read: wholeNumber,
  write: (value) => String(Math.max(0, Math.trunc(value))),
};

/** Bytes a second: `12345 B/s`. */
export const rate: Codec<number> = {
  read: (value) => wholeNumber(value.replace(/ B\/s$/, '')),
  write: (value) => `${whole.write(value)} B/s`,
};

/** Digits only; ftpsync writes `unknown` where there are none. */
export const digits: Codec<string> = {
  read: (value) => (/^\d{1,20}$/.test(value) ? value : undefined),
  write: (value) => (/^\d{1,20}$/.test(value) ? value : 'unknown'),
};

/** Words such as `i18n AUIP`. */
export const words: Codec<string[]> = {
  read: (value) => atLeastOne(readWords(value)),
  write: (value) => readWords(value.join(' ')).join(' '),
};

/** Architectures; ftpsync leaves a blank behind the last one. */
export const architectures: Codec<string[]> = {
  read: (value) => words.read(value),
  write: (value) =>
    readWords(value.join(' '))
      .map((one) => `${one} `)
      .join(''),
};

/** `ALL`, `INCLUDE amd64 source ` or `EXCLUDE armel `. */
export const configuration: Codec<ArchitecturesConfiguration> = {
  read(value) {
    const [kind, ...list] = readWords(value);
    if (kind === 'ALL' && list.length === 0) return { kind: 'all' };
    if (list.length === 0) return undefined;
    if (kind === 'INCLUDE') return { kind: 'include', architectures: list };
    return kind === 'EXCLUDE' ? { kind: 'exclude', architectures: list } : undefined;
  },
  write(value) {
    if (value.kind === 'all') return 'ALL';
    return `${value.kind.toUpperCase()} ${architectures.write(value.architectures)}`;
  },
};

/** Epoch and serial: `1 2026112101`. */
export const head: Codec<{ epoch: number; serial: number }> = {
  read(value) {
    const [epoch, serial] = value.split(' ').map(wholeNumber);
    return epoch === undefined || serial === undefined ? undefined : { epoch, serial };
  },
  write: ({ epoch, serial }) => `${whole.write(epoch)} ${whole.write(serial)}`,
};

/** Digest and size, as in a head: `sha256:<64 hex> <bytes>`. */
export const manifest: Codec<{ sha256: string; bytes: number }> = {
  read(value) {
    const [, sha256, size = ''] = /^sha256:([0-9a-f]{64}) (\d+)$/.exec(value) ?? [];
    const bytes = wholeNumber(size);
    return sha256 === undefined || bytes === undefined ? undefined : { sha256, bytes };
  },
  write: ({ sha256, bytes }) => clean(`sha256:${sha256} ${whole.write(bytes)}`),
};

function wholeNumber(value: string): number | undefined {
  const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
  return Number.isSafeInteger(number) ? number : undefined;
}

function readWords(value: string): string[] {
  const found = clean(value).split(/ +/);
  return found.filter((one) => /^[\w.+:-]{1,64}$/.test(one)).slice(0, MOST_WORDS);
}

function atLeastOne(list: string[]): string[] | undefined {
  return list.length === 0 ? undefined : list;
}
