import { malformedHead } from './signed-text.ts';

/** Reads `Field: value` lines one after the other, each exactly where it belongs. */
export interface FieldReader {
  /** The value of the next line, which must be this field and match `shape` as a whole. */
  take(name: string, shape: RegExp): string;
  /** The same, or undefined when the next line is another field. */
  takeOptional(name: string, shape: RegExp): string | undefined;
  /** Nothing may be left. */
  end(): void;
}

/**
 * Read a body of fields in a fixed order.
 *
 * @throws TriggerError `malformed-head` naming the line and the field, never the value found there.
 */
export function readFields(body: string): FieldReader {
  const lines = body.split('\n');
  if (lines.pop() !== '') throw malformedHead('its last line before the signature is not ended');
  let at = 0;

  function takeOptional(name: string, shape: RegExp): string | undefined {
    const line = lines[at];
    if (line === undefined || !line.startsWith(`${name}: `)) return undefined;
    const value = line.slice(name.length + 2);
    at += 1;
    if (!shape.test(value)) throw malformedHead(`line ${at}: the value of ${name} is not valid`);
    return value;
  }

  return {
    takeOptional,
    take(name, shape) {
      const value = takeOptional(name, shape);
      if (value === undefined) throw malformedHead(`line ${at + 1} must be "${name}: ..."`);
      return value;
    },
    end() {
      if (at !== lines.length) throw malformedHead(`line ${at + 1} is one too many`);
    },
  };
}

/** A whole number from 1, in its one shortest form. */
export const POSITIVE = /^[1-9][0-9]{0,15}$/;

/** A value of the shape `POSITIVE`, which must also be exact in a JavaScript number. */
export function toPositive(name: string, text: string): number {
  const number = Number(text);
  if (!Number.isSafeInteger(number)) throw malformedHead(`its ${name} is larger than 2^53 - 1`);
  return number;
}

/** A UTC time to the second. */
export const TIME = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$/;

/** A value of the shape `TIME`, which must also be a date that exists. */
export function toTime(name: string, text: string): Date {
  const date = new Date(text);
  if (Number.isNaN(date.getTime()) || formatTime(date) !== text) {
    throw malformedHead(`its ${name} time does not exist`);
  }
  return date;
}

/** `2026-11-21T09:00:00Z`: what is below a second is dropped. */
export function formatTime(date: Date): string {
  if (Number.isNaN(date.getTime())) throw malformedHead('one of its times is not a time');
  return date.toISOString().replace(/\.[0-9]{3}Z$/, 'Z');
}
