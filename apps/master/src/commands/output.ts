import { createRequire } from 'node:module';
import type TableOf from 'cli-table3';
import picocolors from 'picocolors';

/** What a command writes: results on stdout, progress and errors on stderr. */
export function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

export function sayJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

export function warn(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Columns with a head, without lines: to read, and to cut with awk. */
export function sayTable(head: readonly string[], rows: readonly (readonly string[])[]): void {
  const none = '';
  // Most commands show none, and would wait for it.
  const Table = createRequire(import.meta.url)('cli-table3') as typeof TableOf;
  const table = new Table({
    head: head.map((cell) => picocolors.dim(cell)),
    chars: {
      top: none,
      'top-mid': none,
      'top-left': none,
      'top-right': none,
      bottom: none,
      'bottom-mid': none,
      'bottom-left': none,
      'bottom-right': none,
      left: none,
      'left-mid': none,
      right: none,
      'right-mid': none,
      mid: none,
      'mid-mid': none,
      middle: '  ',
    },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  table.push(...rows.map((row) => [...row]));
  const lines = table.toString().split('\n');
  say(lines.map((line) => line.trimEnd()).join('\n'));
}

/** Text from outside, fit for a terminal: no control characters, so no escape sequences. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gu, ' ');
}

/** A state of a push or a mirror in its colour. */
export function colouredState(state: string): string {
  if (['committed', 'current'].includes(state)) return picocolors.green(state);
  if (['refused', 'given-up', 'failed', 'unreachable', 'behind', 'never'].includes(state)) {
    return picocolors.red(state);
  }
  return ['superseded', 'paused', 'silent'].includes(state)
    ? picocolors.dim(state)
    : picocolors.cyan(state);
}
