import { printable } from '../send/sentences.ts';
import type { Outcome } from '../send/sender.ts';
import type { Reply } from '../wire/reply.ts';

/** What an outcome means for its push. */
export type Verdict =
  | { state: 'accepted'; reason?: string; reply?: Reply; exitCode?: number }
  | { state: 'refused'; reason: string; reply?: Reply }
  /** Worth another attempt; `slow` when only a person can change what stands in the way. */
  | { state: 'unreachable'; reason: string; reply?: Reply; slow: boolean };

/** ftpsync's exit code when its configuration is missing or broken (EX_CONFIG). */
const MISCONFIGURED = 78;
/** ssh's own exit code, and what runmirrors alone counts as a failure. */
const NOT_REACHED = 255;

/**
 * The state that follows an attempt. An agent's reply is taken by its word. Of a stock mirror, only
 * 255 says that it was not reached, 1 with "lock file" that it is busy with another sync, and 78
 * that it is misconfigured; every other exit code means that the trigger came through and its sync
 * ended in some way, which its trace file tells better: accepted, with the exit code as the reason.
 */
export function verdictOf(outcome: Outcome): Verdict {
  switch (outcome.kind) {
    case 'replied':
      return verdictOfReply(outcome.reply);
    case 'ended':
      return verdictOfExit(outcome.exitCode, outcome.output);
    case 'running':
      return { state: 'accepted', reason: "The mirror's ftpsync still runs." };
    case 'unreachable':
      return { state: 'unreachable', reason: outcome.reason, slow: false };
    case 'rejected':
      return { state: 'unreachable', reason: outcome.reason, slow: true };
  }
}

function verdictOfReply(received: Reply): Verdict {
  const said = printable(received.reason ?? '', 500);
  const { reason: _, ...rest } = received;
  const reply: Reply = said === '' ? rest : { ...rest, reason: said };
  switch (reply.result) {
    case 'accepted':
    case 'duplicate':
      return { state: 'accepted', reply, ...(said === '' ? {} : { reason: said }) };
    case 'refused':
      return { state: 'refused', reply, reason: said || 'The mirror refused it without a reason.' };
    case 'malformed':
      return { state: 'refused', reply, reason: said || 'The mirror cannot read our triggers.' };
    case 'busy':
      return {
        state: 'unreachable',
        reply,
        reason: said === '' ? 'The mirror is busy.' : `The mirror is busy: ${said}`,
        slow: false,
      };
  }
}

function verdictOfExit(exitCode: number, output: string): Verdict {
  const said = output === '' ? '' : `: ${output}`;
  if (exitCode === 0) return { state: 'accepted', exitCode };
  if (exitCode === NOT_REACHED) {
    const reason = `The mirror's command ended with exit code 255${said}.`;
    return { state: 'unreachable', reason, slow: false };
  }
  if (exitCode === 1 && /lock file/i.test(output)) {
    const reason = `The mirror is busy with another sync${said}.`;
    return { state: 'unreachable', reason, slow: false };
  }
  if (exitCode === MISCONFIGURED) {
    return { state: 'refused', reason: `The mirror's ftpsync is misconfigured${said}.` };
  }
  return {
    state: 'accepted',
    exitCode,
    reason: `The mirror's ftpsync ended with exit code ${exitCode}${said}.`,
  };
}
