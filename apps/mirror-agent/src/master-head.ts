import { judgeHead, type Receiver, type SignedHead } from '@pushmirror/trigger';
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

/**
 * An upstream that withholds news is noticed, and only that: what the master's head says is judged
 * like any polled one, but a release is pulled when the upstream has it.
 */
export function createMasterHead(options: MasterHeadOptions): MasterHead {
  const { receiver, archive } = options;
  let askedAt = Number.NEGATIVE_INFINITY;
  let ahead: Withheld | undefined;

  return {
    async check() {
      const now = receiver.now();
      if (now.getTime() - askedAt < options.everyMs) return;
      askedAt = now.getTime();
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
      if (judgement.verdict !== 'store') {
        ahead = undefined;
        return;
      }
      const { serial } = judgement.signed.head;
      const again = ahead !== undefined;
      ahead = { serial, since: ahead?.since ?? now };
      options.onAhead(ahead, again);
    },
    withheld() {
      const known = options.goal()?.head.serial ?? 0;
      return ahead !== undefined && ahead.serial > known ? ahead : undefined;
    },
  };
}
