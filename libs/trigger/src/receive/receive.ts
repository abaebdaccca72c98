import { TriggerError } from '../errors.ts';
import type { Reply } from '../wire/reply.ts';
import { parseTrigger, type Trigger } from '../wire/trigger.ts';
import { giveAnswer } from './answer.ts';
import { takeHint } from './hint.ts';
import type { Peer, Receiver } from './receiver.ts';
import { takeHead } from './take.ts';

/**
 * Answer one trigger: the command of an SSH exec request, from a peer whose key the SSH server has
 * checked. A token is judged and stored; without one, the words are only a hint.
 *
 * Never throws, whatever the command and whatever the receiver does. `accepted` for a head means
 * that it is on the disk. Every answer has its audit entry.
 */
export async function receive(command: string, peer: Peer, receiver: Receiver): Promise<Reply> {
  const trigger = readTrigger(command);
  if (trigger instanceof TriggerError) {
    const reply: Reply = { result: 'malformed', reason: trigger.message };
    return giveAnswer({ reply }, peer, receiver);
  }
  const { token, archive } = trigger;
  if (token === undefined) return takeHint(trigger, peer, receiver);
  const named = archive === undefined ? {} : { archive };
  return takeHead({ bytes: token, via: 'push', peer, ...named }, receiver);
}

function readTrigger(command: string): Trigger | TriggerError {
  try {
    return parseTrigger(command);
  } catch (error) {
    if (error instanceof TriggerError) return error;
    throw error;
  }
}
