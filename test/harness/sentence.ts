import assert from 'node:assert/strict';
import type { CommandResult } from './app.ts';

/**
 * A command failed as it should: this exit code, and on stderr one clear sentence with `words` in
 * it, without a stack trace.
 */
export function failsWith(result: CommandResult, code: number, words: RegExp): void {
  const said = `${result.stdout}\n${result.stderr}`;
  assert.equal(result.code, code, said);
  assert.match(result.stderr, words);
  assert.doesNotMatch(said, /^\s+at .*:\d+:\d+\)?$/m, 'no stack trace');
  assert.ok(result.stderr.trim().split('\n').length <= 2, `one sentence:\n${result.stderr}`);
}
