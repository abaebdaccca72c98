import { errnoOf, HostError } from '@pushmirror/host';
import type { SignedHead } from '../head/head.ts';
import type { Reply } from '../wire/reply.ts';
import type { Peer, Receiver } from './receiver.ts';
import type { Refused } from './vet.ts';

type Refusing = Omit<Refused, 'signed'>;

/** A reply, and what only our own side learns. */
export interface Answer {
  reply: Reply;
  refused?: Refusing;
  /** It is about a hold and not about a head. */
  about?: 'hold';
  /** What went wrong here, for the audit entry in place of the reply's reason. */
  detail?: string;
}

/** Write the audit entry of an answer, and give the reply. */
export async function giveAnswer(answer: Answer, peer: Peer, receiver: Receiver): Promise<Reply> {
  const { reply, refused, about, detail } = answer;
  const { result, archive, serial } = reply;
  try {
    await receiver.audit({
      at: receiver.now(),
      peer,
      ...(archive === undefined ? {} : { archive }),
      ...(serial === undefined ? {} : { serial }),
      result,
      ...(about === undefined ? {} : { about }),
      ...(refused === undefined ? {} : { refusal: refused.refusal }),
      ...(refused?.alarm === true ? { alarm: true } : {}),
      reason: detail ?? reply.reason ?? '',
    });
  } catch {
    // See Receiver.audit: a head that is stored is acknowledged, and a refusal stays one.
  }
  return reply;
}

/** The answer to a refusal: what could not even be read is `malformed`. */
export function refusal(refused: Refusing, names: Pick<Reply, 'archive' | 'serial'>): Answer {
  const unread = refused.refusal === 'too-large' || refused.refusal === 'malformed';
  const result = unread ? 'malformed' : 'refused';
  return { reply: { result, ...names, reason: refused.reason }, refused };
}

/** The answer when something of ours failed. What it was, with its paths, is not for the peer. */
export function busy(error: unknown, names: Pick<Reply, 'archive' | 'serial'> = {}): Answer {
  const why = isFullDisk(error) ? 'its disk is full' : 'it has a fault of its own';
  const reason = `This mirror could not take the trigger: ${why}. Try again later.`;
  const message = error instanceof Error ? error.message : String(error);
  return { reply: { result: 'busy', ...names, reason }, detail: `${reason} ${message}` };
}

/** What a reply says about a head; only names and numbers that have passed its grammar. */
export function namesOf(signed: SignedHead | undefined): Pick<Reply, 'archive' | 'serial'> {
  return signed === undefined ? {} : { archive: signed.head.archive, serial: signed.head.serial };
}

function isFullDisk(error: unknown): boolean {
  if (error instanceof HostError) return error.code === 'disk-full';
  return errnoOf(error) === 'ENOSPC' || errnoOf(error) === 'EDQUOT';
}
