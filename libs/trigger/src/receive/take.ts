import type { Reply } from '../wire/reply.ts';
import { busy, giveAnswer, namesOf, refusal, type Answer } from './answer.ts';
import { inTurn } from './in-turn.ts';
import { weighHead } from './judge.ts';
import type { Peer, Receiver, Stage } from './receiver.ts';
import { vetHead, type Circumstances } from './vet.ts';

type Names = Pick<Reply, 'archive' | 'serial'>;

/** A head or a hold that was offered to this mirror, by a push or from a poll of its own. */
export interface Offered {
  bytes: Uint8Array;
  /** `poll`: we fetched it ourselves, so nobody's right to announce it is asked about. */
  via: 'push' | 'poll';
  peer: Peer;
  /** The archive it was announced for or fetched from, where that is known. */
  archive?: string;
}

/** `all` when left out. */
export type OfferedHead = Offered & { stage?: Stage };

/**
 * The answer to a head. `behind`: what we polled is a true head, and older than the one we have,
 * as an upstream shows that has not moved yet. It is `refused`, but no audit entry is made of it.
 */
export type TakenHead = Reply & { behind?: true };

/**
 * Take in one head: judge it, store it durably when it is news, audit, and answer. Heads of one
 * archive are compared and stored one after the other.
 *
 * Never throws: what our own disk does to us is `busy`, and nothing is then acknowledged.
 */
export async function takeHead(offered: OfferedHead, receiver: Receiver): Promise<TakenHead> {
  const answer = await decideAndStore(offered, receiver).catch((error: unknown) => busy(error));
  if (offered.via === 'poll' && answer.refused?.refusal === 'rollback') {
    return { ...answer.reply, behind: true };
  }
  return giveAnswer(answer, offered.peer, receiver);
}

async function decideAndStore(offered: OfferedHead, receiver: Receiver): Promise<Answer> {
  const { bytes, peer, stage = 'all' } = offered;
  const vetted = vetHead(bytes, circumstancesOf(offered, receiver));
  if (vetted.verdict === 'refuse') return refusal(vetted, namesOf(vetted.signed));
  const { signed } = vetted;
  const names = namesOf(signed);
  const compareAndStore = async () => {
    const judgement = weighHead(vetted, await receiver.stored(signed.head.archive));
    if (judgement.verdict === 'refuse') return refusal(judgement, names);
    const kept = await receiver.store(signed, peer, stage);
    return kept === 'kept' ? believed(judgement, names) : notStaged(names);
  };
  return storeInTurn(receiver, names, compareAndStore);
}

/** Run what compares and stores, when nothing else of the archive does. Never rejects. */
export async function storeInTurn(
  receiver: Receiver,
  names: Names,
  compareAndStore: () => Promise<Answer>,
): Promise<Answer> {
  try {
    const answer = await inTurn(receiver, names.archive ?? '', compareAndStore);
    return answer ?? tooMany(names);
  } catch (error) {
    return busy(error, names);
  }
}

/** What an offered text is held against. */
export function circumstancesOf(offered: Offered, receiver: Receiver): Circumstances {
  const { via, peer, archive } = offered;
  return {
    network: receiver.network,
    signers: receiver.signers(),
    carries: (name) => receiver.carries(name),
    ...(via === 'push' ? { mayNotify: (name) => receiver.mayNotify(peer, name) } : {}),
    ...(archive === undefined ? {} : { archive }),
    now: receiver.now(),
  };
}

/** The answer about a head or hold that is believed. */
export function believed(
  { verdict, reason }: { verdict: 'store' | 'refresh' | 'duplicate'; reason: string },
  names: Names,
): Answer {
  const result = verdict === 'store' ? 'accepted' : 'duplicate';
  return { reply: { result, ...names, reason } };
}

function notStaged(names: Names): Answer {
  const reason = `Serial ${names.serial} of ${names.archive} is not staged here yet.`;
  return { reply: { result: 'busy', ...names, reason } };
}

function tooMany(names: Names): Answer {
  const reason = 'Too many triggers for this archive are being taken in. Try again later.';
  return { reply: { result: 'busy', ...names, reason } };
}
