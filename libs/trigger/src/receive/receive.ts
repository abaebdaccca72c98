import { TriggerError } from '../errors.ts';
import type { Reply } from '../wire/reply.ts';
import { parseTrigger, type Trigger, type TriggerWord } from '../wire/trigger.ts';
import { giveAnswer } from './answer.ts';
import { takeHint } from './hint.ts';
import type { Peer, Receiver, Stage } from './receiver.ts';
import { takeHold } from './take-hold.ts';
import { takeHead } from './take.ts';

/**
 * Answer one trigger: the command of an SSH exec request, from a peer whose key the SSH server has
 * checked. A token or a hold is judged and stored; without one, the words are only a hint.
 *
 * Never throws, whatever the command and whatever the receiver does. `accepted` for a head or
 * a hold means that it is on the disk. Every answer has its audit entry.
 */
export async function receive(command: string, peer: Peer, receiver: Receiver): Promise<Reply> {
  const trigger = readTrigger(command);
  if (trigger instanceof TriggerError) {
    const reply: Reply = { result: 'malformed', reason: trigger.message };
    return giveAnswer({ reply }, peer, receiver);
  }
  const { token, hold, archive } = trigger;
  const named = archive === undefined ? {} : { archive };
  if (hold !== undefined) return takeHold({ bytes: hold, via: 'push', peer, ...named }, receiver);
  if (token === undefined) return takeHint(trigger, peer, receiver);
  const stage = stageOf(trigger.words);
  return takeHead({ bytes: token, via: 'push', peer, stage, ...named }, receiver);
}

/** Both stages in one trigger are as good as all of it. */
function stageOf(words: ReadonlySet<TriggerWord>): Stage {
  if (words.has('stage1')) return words.has('stage2') ? 'all' : 'stage1';
  return words.has('stage2') ? 'stage2' : 'all';
}

function readTrigger(command: string): Trigger | TriggerError {
  try {
    return parseTrigger(command);
  } catch (error) {
    if (error instanceof TriggerError) return error;
    throw error;
  }
}
