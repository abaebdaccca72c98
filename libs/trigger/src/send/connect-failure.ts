import { errnoOf } from '@pushmirror/host';
import type { Outcome, PushTarget } from './sender.ts';
import { sentences } from './sentences.ts';

/** What is being waited for. */
export type Phase = 'connection' | 'greeting' | 'handshake' | 'login';

export type Failure = Extract<Outcome, { kind: 'unreachable' | 'rejected' }>;

/** What an error of ssh2's client means, by how far the connection had got. */
export function outcomeOfError(
  target: PushTarget,
  error: Error & { level?: string },
  phase: Phase,
  deadlineMs: number,
): Failure {
  const unreachable = (reason: string) => ({ kind: 'unreachable', reason }) as const;
  const rejected = (reason: string) => ({ kind: 'rejected', reason }) as const;
  switch (error.level) {
    case 'client-timeout':
      return unreachable(sentenceOfTimeout[phase](target, deadlineMs));
    case 'client-authentication':
      return rejected(sentences.notLetIn(target));
    case 'client-socket':
      return unreachable(sentenceOfErrno(target, errnoOf(error), phase, deadlineMs));
    case 'handshake':
      if (error.message.includes('no matching')) {
        return rejected(sentences.noCommonAlgorithms(target));
      }
      return unreachable(sentences.damaged(target, 'the handshake'));
    default:
      if (hungUp(error)) return unreachable(sentences.lost(target, `the ${phase}`));
      if (phase === 'greeting') return unreachable(sentences.notSsh(target));
      return unreachable(sentences.damaged(target, `the ${phase}`));
  }
}

/** The other side ended it: without a word, or with SSH's own (which has a number as its code). */
function hungUp(error: Error & { code?: unknown }): boolean {
  return typeof error.code === 'number' || error.message.startsWith('Connection lost');
}

const sentenceOfTimeout: Record<Phase, (target: PushTarget, ms: number) => string> = {
  connection: sentences.blackHoled,
  greeting: sentences.silent,
  handshake: sentences.slowHandshake,
  login: sentences.slowLogin,
};

function sentenceOfErrno(
  target: PushTarget,
  errno: string | undefined,
  phase: Phase,
  deadlineMs: number,
): string {
  switch (errno) {
    case 'ECONNREFUSED':
      return sentences.refused(target);
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return sentences.noAddress(target, errno);
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return sentences.noRoute(target, errno);
    case 'ETIMEDOUT':
      return sentences.blackHoled(target, deadlineMs);
    default:
      return sentences.lost(target, `the ${phase}`, errno);
  }
}
