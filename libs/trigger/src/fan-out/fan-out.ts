import { usualBackoff, type Backoff } from './backoff.ts';
import { createPatience } from './patience.ts';
import type { PullGate } from './pull-gate.ts';
import type { Push, PushNews } from './push.ts';
import { startPush, type RunningPush } from './running-push.ts';
import { createSlots } from './slots.ts';
import type { Sender } from '../send/sender.ts';

export interface FanOutOptions {
  sender: Sender;
  /**
   * Make this state durable, and resolve when it is: `sending` before the attempt leaves, the
   * outcome after it. While it rejects (a full disk), the push does not move on; the same state is
   * tried again, with growing pauses. Never called twice at a time for one key.
   */
  onState: (push: Push, news: PushNews) => Promise<void>;
  /** Told when `onState` rejected, for the log. */
  onStateFailed?: (push: Push, error: unknown) => void;
  /** Attempts at once; 64. */
  concurrency?: number;
  /** Of these, so many are for retries when first attempts wait too; a quarter. */
  retryLane?: number;
  /** Milliseconds for one attempt, from the connection to the answer; 20,000. */
  attemptDeadlineMs?: number;
  /** Milliseconds to wait for the end of a stock mirror's sync once it has begun; 6 h. */
  stockDeadlineMs?: number;
  /** 5 s, doubled up to 10 min, when left out. */
  backoff?: Backoff;
  /** Milliseconds from a push's first attempt to its last one; 24 h. */
  giveUpAfterMs?: number;
  /** The slots of the upstreams that pushes name; nobody waits for any when left out. */
  gate?: PullGate;
  random?: () => number;
  now?: () => Date;
}

/** How many pushes are where. */
export interface FanOutCounts {
  /** For a slot. */
  waiting: number;
  sending: number;
  /** Until their next attempt. */
  resting: number;
}

export interface FanOut {
  /** Take a push on; false when one with its key is on its way already, or after `close`. */
  push(push: Push): boolean;
  /**
   * Drop a push that was superseded: the caller has written that already, and hears no more of
   * it. An attempt that is under way is broken off.
   */
  cancel(key: string): void;
  /** Try a resting push now: its mirror was heard of. */
  wake(key: string): void;
  /** Resolves when no push is left. */
  idle(): Promise<void>;
  /**
   * Stop: break off what is under way and wait until nothing runs. The pushes keep the states they
   * have, and another fan-out may carry on with them. The sender is not closed.
   */
  close(): Promise<void>;
  counts(): FanOutCounts;
}

/**
 * The engine that master and hubs push with: bounded, in the order urgent, hubs, healthy, suspect,
 * with retries in a lane of their own (slots.ts), and nothing moves before it is durable.
 */
export function createFanOut(options: FanOutOptions): FanOut {
  const concurrency = options.concurrency ?? 64;
  const patience = createPatience();
  const slots = createSlots({
    total: concurrency,
    retryShare: options.retryLane ?? Math.ceil(concurrency / 4),
    patience: () => patience.current(),
  });
  const settings = {
    sender: options.sender,
    onState: options.onState,
    onStateFailed: options.onStateFailed ?? (() => {}),
    attemptDeadlineMs: options.attemptDeadlineMs ?? 20_000,
    stockDeadlineMs: options.stockDeadlineMs ?? 6 * 3_600_000,
    backoff: options.backoff ?? usualBackoff,
    giveUpAfterMs: options.giveUpAfterMs ?? 24 * 3_600_000,
    random: options.random ?? Math.random,
    now: options.now ?? (() => new Date()),
    slots,
    patience,
    ...(options.gate === undefined ? {} : { gate: options.gate }),
  };
  const running = new Map<string, RunningPush>();
  /** What still unwinds, also of pushes that were cancelled, by key. */
  const ending = new Map<string, Promise<void>>();
  let whenIdle: (() => void)[] = [];
  let closed = false;

  function push(one: Push): boolean {
    if (closed || running.has(one.key)) return false;
    const started = startPush(one, settings, ending.get(one.key));
    running.set(one.key, started);
    ending.set(one.key, started.ended);
    void started.ended.then(() => {
      if (ending.get(one.key) === started.ended) ending.delete(one.key);
      if (running.get(one.key) === started) forget(one.key);
    });
    return true;
  }

  function forget(key: string): void {
    running.delete(key);
    if (running.size > 0) return;
    for (const resolve of whenIdle) resolve();
    whenIdle = [];
  }

  return {
    push,
    cancel(key) {
      const found = running.get(key);
      if (found === undefined) return;
      found.stop();
      forget(key);
    },
    wake: (key) => running.get(key)?.wake(),
    idle: () =>
      running.size === 0 ? Promise.resolve() : new Promise((resolve) => whenIdle.push(resolve)),
    async close() {
      closed = true;
      for (const one of running.values()) one.stop();
      await Promise.all(ending.values());
      slots.close();
    },
    counts() {
      const counts = { waiting: 0, sending: 0, resting: 0 };
      for (const one of running.values()) counts[one.phase()] += 1;
      return counts;
    },
  };
}
