import { clean } from './clean.ts';
import { readDate } from './dates.ts';
import { fieldNamed } from './fields.ts';
import type { TraceFile } from './trace.ts';

const LARGEST_TRACE = 64 * 1024;
const MOST_LINES = 500;
const MOST_OTHERS = 50;

/**
 * Read a trace file, whoever wrote it. Never fails: what cannot be read is left out, what nobody
 * knows is kept under `others`, and only the first 64 KiB are looked at. A result without `date`
 * was hardly a trace file.
 */
export function parseTrace(content: string): TraceFile {
  const lines = content.slice(0, LARGEST_TRACE).split(/\r?\n/, MOST_LINES);
  const trace: TraceFile = {};
  const first = readDate(clean(lines[0] ?? ''));
  if (first !== undefined) trace.date = first;
  for (const line of lines) readLine(trace, line);
  return trace;
}

function readLine(trace: TraceFile, line: string): void {
  const { name, value } = splitLine(line);
  if (name === undefined || value === '') return;
  const field = fieldNamed(name);
  if (field !== undefined) return field.readInto(trace, value);
  const others = (trace.others ??= []);
  if (others.length < MOST_OTHERS) others.push({ name, value });
  return undefined;
}

/** `Name: value`. The first line's date has colons too, but no blank behind them. */
function splitLine(line: string): { name?: string; value: string } {
  const [, name, value = ''] = /^([A-Za-z0-9][\w .()/-]{0,63}):(?: (.*)|$)/.exec(line) ?? [];
  return name === undefined ? { value: '' } : { name, value: clean(value) };
}
