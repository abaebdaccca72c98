import { clean } from './clean.ts';
import { posixDate } from './dates.ts';
import { fieldNamed, FIELDS } from './fields.ts';
import type { TraceFile } from './trace.ts';

/**
 * Write a trace file as ftpsync does: the date as `date -u` shows it, then `Name: value` lines in
 * ftpsync's order, then our own. A value never makes a second line, whatever it holds.
 */
export function formatTrace(trace: TraceFile & { date: Date }): string {
  const known = FIELDS.flatMap((field) => lineOf(field.name, field.write(trace)));
  const others = (trace.others ?? []).flatMap(({ name, value }) => otherLine(name, value));
  return [posixDate(trace.date), ...known, ...others, ''].join('\n');
}

function otherLine(name: string, value: string): string[] {
  const isPlain = /^[A-Za-z0-9][\w .()/-]{0,63}$/.test(name) && fieldNamed(name) === undefined;
  return isPlain ? lineOf(name, clean(value)) : [];
}

function lineOf(name: string, value: string | undefined): string[] {
  return value === undefined || value === '' ? [] : [`${name}: ${value}`];
}
