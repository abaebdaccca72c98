import type { Reply } from '../wire/reply.ts';
import { busy, giveAnswer, refusal, type Answer } from './answer.ts';
import { weighHold } from './judge-hold.ts';
import type { Receiver } from './receiver.ts';
import { believed, circumstancesOf, storeInTurn, type Offered } from './take.ts';
import { vetHold } from './vet.ts';

/**
 * Take in one hold, as `takeHead` does a head, in one line with the heads of its archive. A polled
 * one that is behind the one we have is `duplicate`: the upstream has not heard the newer one yet.
 *
 * Never throws.
 */
export async function takeHold(offered: Offered, receiver: Receiver): Promise<Reply> {
  const answer = await decideAndStore(offered, receiver).catch((error: unknown) => busy(error));
  const { reply, refused } = answer;
  if (offered.via === 'poll' && refused?.refusal === 'rollback') {
    return { ...reply, result: 'duplicate' };
  }
  return giveAnswer({ ...answer, about: 'hold' }, offered.peer, receiver);
}

async function decideAndStore(offered: Offered, receiver: Receiver): Promise<Answer> {
  const vetted = vetHold(offered.bytes, circumstancesOf(offered, receiver));
  const { signed } = vetted;
  const names =
    signed === undefined ? {} : { archive: signed.hold.archive, serial: signed.hold.serial };
  if (vetted.verdict === 'refuse') return refusal(vetted, names);
  return storeInTurn(receiver, names, async () => {
    const judgement = weighHold(vetted, await receiver.storedHold(vetted.signed.hold.archive));
    if (judgement.verdict === 'refuse') return refusal(judgement, names);
    if (judgement.verdict === 'store') await receiver.storeHold(vetted.signed, offered.peer);
    return believed(judgement, names);
  });
}
