import type { Reply } from '../wire/reply.ts';
import { busy, giveAnswer, namesOf, refusal, type Answer } from './answer.ts';
import { inTurn } from './in-turn.ts';
import { weighHead, type Judgement } from './judge.ts';
import type { Peer, Receiver } from './receiver.ts';
import { vetHead, type Circumstances } from './vet.ts';

/** A head that was offered to this mirror, by a push or from a poll of its own. */
export interface OfferedHead {
  bytes: Uint8Array;
  /** `poll`: we fetched it ourselves, so nobody's right to announce it is asked about. */
  via: 'push' | 'poll';
  peer: Peer;
  /** The archive it was announced for or fetched from, where that is known. */
  archive?: string;
}

/**
 * Take in one head: judge it, store it durably when it is news, audit, and answer. Heads of one
 * archive are compared and stored one after the other.
 *
 * Never throws: what our own disk does to us is `busy`, and nothing is then acknowledged.
 */
export async function takeHead(offered: OfferedHead, receiver: Receiver): Promise<Reply> {
  const answer = await decideAndStore(offered, receiver).catch((error: unknown) => busy(error));
  return giveAnswer(answer, offered.peer, receiver);
}

async function decideAndStore(offered: OfferedHead, receiver: Receiver): Promise<Answer> {
  const vetted = vetHead(offered.bytes, circumstancesOf(offered, receiver));
  if (vetted.verdict === 'refuse') return refusal(vetted, namesOf(vetted.signed));
  const { signed } = vetted;
  const names = namesOf(signed);
  const compareAndStore = async () => {
    const judgement = weighHead(vetted, await receiver.stored(signed.head.archive));
    if (judgement.verdict === 'store' || judgement.verdict === 'refresh') {
      await receiver.store(signed, offered.peer);
    }
    return answerTo(judgement, names);
  };
  try {
    return (await inTurn(receiver, signed.head.archive, compareAndStore)) ?? tooMany(names);
  } catch (error) {
    return busy(error, names);
  }
}

function circumstancesOf(offered: OfferedHead, receiver: Receiver): Circumstances {
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

function answerTo(judgement: Judgement, names: ReturnType<typeof namesOf>): Answer {
  if (judgement.verdict === 'refuse') return refusal(judgement, names);
  const result = judgement.verdict === 'store' ? 'accepted' : 'duplicate';
  return { reply: { result, ...names, reason: judgement.reason } };
}

function tooMany(names: ReturnType<typeof namesOf>): Answer {
  const reason = 'Too many heads of this archive are being taken in. Try again later.';
  return { reply: { result: 'busy', ...names, reason } };
}
