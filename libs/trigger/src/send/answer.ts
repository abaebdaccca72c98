import { exitCodeOf, parseReply } from '../wire/reply.ts';
import type { Outcome, PushTarget } from './sender.ts';
import { printable, sentences } from './sentences.ts';

/** A command that says more than this is not answering us. */
export const LARGEST_ANSWER = 4096;

/** What came back from the trigger command; `exitCode` is undefined when a signal ended it. */
export interface Answer {
  stdout: string;
  stderr: string;
  exitCode: number | undefined;
}

/**
 * What an answer means. A stock mirror's means no more than its exit code; an agent that gives no
 * reply line has not answered, whatever its exit code.
 */
export function outcomeOfAnswer(target: PushTarget, answer: Answer): Outcome {
  const { stdout, stderr, exitCode } = answer;
  const reply = replyIn(stdout);
  if (reply !== undefined) {
    return { kind: 'replied', reply, exitCode: exitCode ?? exitCodeOf[reply.result] };
  }
  if (target.kind === 'ftpsync' && exitCode !== undefined) {
    return { kind: 'ended', exitCode, output: printable(`${stdout}\n${stderr}`, 1_000) };
  }
  const said = printable(stderr.trim() === '' ? stdout : stderr);
  return { kind: 'unreachable', reason: sentences.noReply(target, exitCode, said) };
}

/** The reply among the lines of stdout; a login shell may have printed lines of its own before. */
export function replyIn(stdout: string) {
  for (const line of stdout.split('\n', 64)) {
    const reply = line.startsWith('{') ? parseReply(line) : undefined;
    if (reply !== undefined) return reply;
  }
  return undefined;
}
