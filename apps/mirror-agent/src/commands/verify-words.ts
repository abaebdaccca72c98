import { bytesOf, percentEncode, printable } from '@pushmirror/manifest';
import type { Problem, Progress, Verified } from '../sync/manifest/verify.ts';
import { counted, inBytes } from './in-words.ts';
import type { Pace } from './pace.ts';

/** A problem for programs. A name that is not UTF-8 cannot be told in JSON: `encoded` has its bytes. */
export function shown(problem: Problem) {
  const bytes = bytesOf(problem.path);
  const path = bytes.toString('utf8');
  if (Buffer.from(path).equals(bytes)) return { ...problem, path };
  return { ...problem, path, encoded: percentEncode(problem.path) };
}

export function problemInWords({ problem, path, about }: Problem): string {
  return `${problem}: ${printable(path)}${about === undefined ? '' : ` (${about})`}`;
}

export function progressInWords(progress: Progress, pace: Pace): string {
  const { entries, entriesInAll, bytes } = progress;
  const looked = `${entries.toLocaleString('en')} of ${counted(entriesInAll, 'entry', 'entries')}`;
  const how = pace.tell(bytes, entries / Math.max(entriesInAll, 1));
  return `${looked}, ${inBytes(bytes)} read${how === '' ? '' : `, ${how}`}`;
}

export function summaryInWords(verified: Verified, problems: number): string {
  if (verified.kind === 'unknown') return `cannot be verified: ${verified.reason}`;
  const { serial, entries, read, bytes } = verified;
  const found = problems === 0 ? 'all is well' : counted(problems, 'problem');
  const looked = counted(entries, 'entry', 'entries');
  return `serial ${serial}: ${found}; ${looked}, ${counted(read, 'file')} read (${inBytes(bytes)})`;
}
