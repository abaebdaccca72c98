import type { Reply } from '../wire/reply.ts';
import type { Trigger } from '../wire/trigger.ts';
import { busy, giveAnswer, refusal, type Answer } from './answer.ts';
import type { Peer, Receiver } from './receiver.ts';
import { stageIn } from '../wire/staged-hint.ts';
import { refuse } from './vet.ts';

/**
 * Answer a trigger without a token, as stock runmirrors sends it: it proves nothing, so it only
 * makes this mirror ask its own upstream. Never throws.
 */
export async function takeHint(trigger: Trigger, peer: Peer, receiver: Receiver): Promise<Reply> {
  const answer = await decide(trigger, peer, receiver).catch((error: unknown) => busy(error));
  return giveAnswer(answer, peer, receiver);
}

async function decide(trigger: Trigger, peer: Peer, receiver: Receiver): Promise<Answer> {
  const archive = trigger.archive ?? receiver.mainArchive?.();
  if (archive === undefined) {
    const reason = 'The trigger names no archive, and this mirror has no main one.';
    return refusal(refuse('archive', reason), {});
  }
  const may = receiver.mayNotify(peer, archive);
  if (!may.allowed) {
    const reason = `This key may not announce ${archive} here: ${may.reason}`;
    return refusal(refuse('peer', reason), { archive });
  }
  if (!receiver.carries(archive)) {
    return refusal(refuse('archive', `This mirror does not carry ${archive}.`), { archive });
  }
  const result = await receiver.hint(archive, trigger.words);
  const stage = stageIn(trigger.words);
  const reason = stage === undefined ? reasons[result] : stageReasons[result];
  return { reply: { result, archive, reason } };
}

const reasons = {
  accepted: 'The upstream will be asked for news.',
  duplicate: 'The upstream is being asked for news already.',
  busy: 'This mirror cannot ask for news just now. Try again later.',
};

const stageReasons = {
  accepted: 'This stage is done.',
  duplicate: 'This stage is done.',
  busy: 'This stage could not be done. Try again later.',
};
