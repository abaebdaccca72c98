import { receive, type Peer, type Receiver, type Reply } from '@pushmirror/trigger';

/** At most one question in this time, however many triggers come. */
const BETWEEN_QUESTIONS_MS = 2_000;
/** As libs/trigger's findSigner ends its sentence. */
const UNKNOWN_KEY = ' does not count: it is not in allowed_signers.';

/**
 * Take triggers; where a head is signed by a key that is not known here, ask who may sign by now, and
 * judge it once more: a key may have been announced since we last asked.
 */
export function createReceive(
  receiver: Receiver,
  askWhoMaySign: () => Promise<void>,
): (command: string, peer: Peer) => Promise<Reply> {
  let asking: Promise<void> | undefined;
  let askedAt = Number.NEGATIVE_INFINITY;

  function ask(): Promise<void> | undefined {
    if (asking !== undefined) return asking;
    if (performance.now() - askedAt < BETWEEN_QUESTIONS_MS) return undefined;
    askedAt = performance.now();
    asking = askWhoMaySign().finally(() => (asking = undefined));
    return asking;
  }

  return async (command, peer) => {
    const reply = await receive(command, peer, receiver);
    const isUnknownKey = reply.reason?.endsWith(UNKNOWN_KEY) === true;
    if (reply.result !== 'refused' || !isUnknownKey) return reply;
    const before = receiver.signers();
    await ask();
    return receiver.signers() === before ? reply : receive(command, peer, receiver);
  };
}
