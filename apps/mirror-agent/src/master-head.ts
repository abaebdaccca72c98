import { judgeHead, takeHead, takeHold, type Receiver, type SignedHead } from '@pushmirror/trigger';
import type { PolledPeer } from './front-door/look.ts';
import type { MasterClient } from './master-client.ts';

/** The master says that an archive is further than anybody told us. */
export interface Withheld {
  serial: number;
  since: Date;
}

/** Compares what we have heard with what the master itself says, now and then. */
export interface MasterHead {
  /** Ask, if it is time. Never throws. */
  check(): Promise<void>;
  withheld(): Withheld | undefined;
}

export interface MasterHeadOptions {
  archive: string;
  master: MasterClient;
  receiver: Receiver;
  goal: () => SignedHead | undefined;
  /** Milliseconds between two questions. */
  everyMs: number;
  /** Called when the master is ahead: with `again`, it was so the last time too. */
  onAhead: (withheld: Withheld, again: boolean) => void;
}

/** Who a head comes from that the master itself shows, in audit entries. */
const MASTER: PolledPeer = { upstream: 'the master' };

/**
 * An upstream that withholds news is noticed. It has until the next look to show it; then the head
 * is taken from the master, and the release from the first fallback that has it. What the master
 * shows of a release that is known already is that it is public, and so may be committed.
 */
export function createMasterHead(options: MasterHeadOptions): MasterHead {
  const { receiver, archive } = options;
  let askedAt = Number.NEGATIVE_INFINITY;
  let ahead: Withheld | undefined;

  return {
    async check() {
      const now = receiver.now();
      if (ahead === undefined && now.getTime() - askedAt < options.everyMs) return;
      askedAt = now.getTime();
      const hold = await options.master.hold(archive);
      if (hold.kind === 'ok' && hold.value !== undefined) {
        await takeHold({ bytes: hold.value, via: 'poll', peer: MASTER, archive }, receiver);
      }
      const answer = await options.master.head(archive);
      if (answer.kind !== 'ok' || answer.value === undefined) return;
      const judgement = judgeHead(answer.value, {
        network: receiver.network,
        signers: receiver.signers(),
        carries: (name) => receiver.carries(name),
        archive,
        now,
        stored: options.goal(),
      });
      const take = { bytes: answer.value, via: 'poll', peer: MASTER, archive } as const;
      if (judgement.verdict !== 'store') {
        ahead = undefined;
        if (judgement.verdict !== 'refuse') await takeHead(take, receiver);
        return;
      }
      const { serial } = judgement.signed.head;
      const again = ahead !== undefined;
      ahead = { serial, since: ahead?.since ?? now };
      options.onAhead(ahead, again);
      if (again) await takeHead(take, receiver);
    },
    withheld() {
      const known = options.goal()?.head.serial ?? 0;
      return ahead !== undefined && ahead.serial > known ? ahead : undefined;
    },
  };
}
