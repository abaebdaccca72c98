import type { PushState } from '@pushmirror/trigger';
import { MASTER } from '../registry/tree.ts';

/**
 * Why a push that nobody spoke of for so long is given up, in one sentence. Undefined for one that
 * the master itself is still sending: its own limit ends it.
 */
export function unheardReason(
  push: { state: PushState; sender: string },
  ms: number,
): string | undefined {
  const time = hours(ms);
  switch (push.state) {
    case 'accepted':
      return `The mirror accepted it and has reported no commit for ${time}.`;
    case 'staged':
      return `The mirror staged it and has reported no commit for ${time}.`;
    case 'waiting':
    case 'sending':
    case 'unreachable':
      return push.sender === MASTER
        ? undefined
        : `${push.sender}, which is to send it, has reported nothing of it for ${time}.`;
    case 'committed':
    case 'refused':
    case 'given-up':
    case 'superseded':
      return undefined;
  }
}

function hours(ms: number): string {
  const count = Math.round(ms / 3_600_000);
  return count >= 1 ? `${count} h` : `${Math.max(1, Math.round(ms / 60_000))} min`;
}
