import type { PushState } from '../push-state.ts';
import type { PushTarget } from '../send/sender.ts';
import type { Reply } from '../wire/reply.ts';
import type { Backoff } from './backoff.ts';

/** Who goes first. `suspect`: was not reached the last time; starts among the retries. */
export type Priority = 'urgent' | 'hub' | 'healthy' | 'suspect';

/** One head on its way to one mirror, as the caller has it in its database or files. */
export interface Push {
  /** The caller's name for it; two pushes with the same key are one. */
  key: string;
  target: PushTarget;
  /** The SSH exec string. */
  command: string;
  /** Attempts so far, over all restarts. */
  attempts: number;
  /** When the first attempt left; the push is given up so much later. */
  firstAttemptAt?: Date;
  /** `healthy` when left out. */
  priority?: Priority;
  /** A push that failed before: not earlier than this, and among the retries. */
  notBefore?: Date;
  /** Where the mirror will pull from: it waits for a slot there. It waits for none when left out. */
  upstream?: string;
  /** In place of the fan-out's own, such as for a mirror that is only probed now and then. */
  backoff?: Backoff;
}

/** What has become of a push, to be made durable before the next step is taken. */
export interface PushNews {
  state: Extract<PushState, 'sending' | 'accepted' | 'refused' | 'unreachable' | 'given-up'>;
  at: Date;
  attempts: number;
  firstAttemptAt: Date;
  /** Why, in one sentence; of everything but `sending`. */
  reason?: string;
  /** Of `unreachable`: when it is tried again. */
  nextAttemptAt?: Date;
  /** What the agent answered, where it did. */
  reply?: Reply;
  /** Of a stock mirror: what its command ended with. */
  exitCode?: number;
}
