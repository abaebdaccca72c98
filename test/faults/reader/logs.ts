import { readFileSync } from 'node:fs';

/** Warnings of Node, exceptions that nobody caught, and log lines of the level "fatal". */
const COMPLAINT =
  /^\(node:\d+\) |Warning:|^\s+at .*:\d+:\d+\)?$|Something unforeseen|"level":"fatal"/;
/** Where Node says how to see more. */
const ADVICE = /^\(Use `node --trace/;

/** The lines of a log in which a program complains of itself; what the world does to it is no fault. */
export function readComplaints(name: string, path: string): string[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => COMPLAINT.test(line) && !ADVICE.test(line))
    .map((line) => `${name}: ${line.slice(0, 300)}`);
}
