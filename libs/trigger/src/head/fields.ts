import type { Malformed } from './signed-text.ts';

/** Reads `Field: value` lines one after the other, each exactly where it belongs. */
export interface FieldReader {
  /** The value of the next line, which must be this field and match `shape` as a whole. */
  take(name: string, shape: RegExp): string;
  /** The same, or undefined when the next line is another field. */
  takeOptional(name: string, shape: RegExp): string | undefined;
  /** A whole number from 1, in its one shortest form, exact in a JavaScript number. */
  takePositive(name: string): number;
  /** A UTC time to the second, of a date that exists. */
  takeTime(name: string): Date;
  /** Nothing may be left. */
  end(): void;
}

/**
 * Read a body of fields in a fixed order.
 *
 * @throws what `malformed` makes, naming the line and the field, never the value found there.
 */
export function readFields(body: string, malformed: Malformed): FieldReader {
  const lines = body.split('\n');
  if (lines.pop() !== '') throw malformed('its last line before the signature is not ended');
  let at = 0;

  function takeOptional(name: string, shape: RegExp): string | undefined {
    const line = lines[at];
    if (line === undefined || !line.startsWith(`${name}: `)) return undefined;
    const value = line.slice(name.length + 2);
    at += 1;
    if (!shape.test(value)) throw malformed(`line ${at}: the value of ${name} is not valid`);
    return value;
  }

  function take(name: string, shape: RegExp): string {
    const value = takeOptional(name, shape);
    if (value === undefined) throw malformed(`line ${at + 1} must be "${name}: ..."`);
    return value;
  }

  return {
    take,
    takeOptional,
    takePositive: (name) => toPositive(name.toLowerCase(), take(name, POSITIVE), malformed),
    takeTime(name) {
      const text = take(name, TIME);
      const date = new Date(text);
      if (Number.isNaN(date.getTime()) || formatTime(date, malformed) !== text) {
        throw malformed(`its ${name} time does not exist`);
      }
      return date;
    },
    end() {
      if (at !== lines.length) throw malformed(`line ${at + 1} is one too many`);
    },
  };
}

/** The shape of a network's or an archive's name, roughly; `isArchiveName` says the rest. */
export const NAME = /^[\x21-\x7e]{1,64}$/;

const POSITIVE = /^[1-9][0-9]{0,15}$/;
const TIME = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/;

/** The number that digits say, which must be exact in a JavaScript number. */
export function toPositive(name: string, digits: string, malformed: Malformed): number {
  const number = Number(digits);
  if (!Number.isSafeInteger(number)) throw malformed(`its ${name} is larger than 2^53 - 1`);
  return number;
}

/** `2026-11-21T09:00:00Z`: what is below a second is dropped. */
export function formatTime(date: Date, malformed: Malformed): string {
  if (Number.isNaN(date.getTime())) throw malformed('one of its times is not a time');
  return date.toISOString().replace(/\.[0-9]{3}Z$/, 'Z');
}
