import { createWakeup } from '../converge/wakeup.ts';

/** Why an upstream is asked. */
export type PollVia = 'poll' | 'hint' | 'manual';

/** Asks the upstream of one archive for news: at the start, on a schedule, and when told to. */
export interface Poller<Result> {
  /** Ask soon; `duplicate` when that is going to happen anyway. */
  hint(): 'accepted' | 'duplicate';
  /** Ask now, and give what came of it. */
  ask(via: PollVia): Promise<Result>;
  /** Resolves when the loop has ended, which it does when the signal aborts. */
  ended: Promise<void>;
}

export interface PollerOptions<Result> {
  /** Never throws: that an upstream cannot be reached is a result like others. */
  look: (via: PollVia) => Promise<Result>;
  /** Milliseconds between two polls, to which up to `jitterMs` are added. */
  everyMs: number;
  jitterMs: number;
  /** Milliseconds to the next poll, where what came of one says so. */
  soonerMs?: (result: Result) => number | undefined;
  /** Hints carry no signature: it follows them no more often than this. */
  hintPauseMs?: number;
  random: () => number;
  /** Monotonic milliseconds. */
  clock: () => number;
  signal: AbortSignal;
}

const HINT_PAUSE_MS = 10_000;

export function startPoller<Result>(options: PollerOptions<Result>): Poller<Result> {
  const { signal, clock, hintPauseMs = HINT_PAUSE_MS } = options;
  const wakeup = createWakeup(signal);
  let scheduledAt = clock();
  let hinted = false;
  let followedAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<Result> | undefined;
  const ended = loop();

  async function loop(): Promise<void> {
    while (!signal.aborted) {
      const dueAt = hinted ? Math.min(scheduledAt, followedAt + hintPauseMs) : scheduledAt;
      const ms = dueAt - clock();
      if (ms > 0) {
        await wakeup.wait(ms);
        continue;
      }
      const via = hinted ? 'hint' : 'poll';
      if (hinted) followedAt = clock();
      hinted = false;
      await ask(via).catch(() => {});
    }
  }

  /** One look at a time: who asks during one gets the next. */
  async function ask(via: PollVia): Promise<Result> {
    while (looking !== undefined) await looking.catch(() => {});
    const mine = lookOnce(via);
    looking = mine;
    return mine;
  }

  async function lookOnce(via: PollVia): Promise<Result> {
    let sooner: number | undefined;
    try {
      const result = await options.look(via);
      sooner = options.soonerMs?.(result);
      return result;
    } finally {
      looking = undefined;
      const usual = options.everyMs + options.random() * options.jitterMs;
      scheduledAt = clock() + Math.min(sooner ?? usual, usual);
      wakeup.wake();
    }
  }

  return {
    ended,
    ask,
    hint() {
      if (hinted) return 'duplicate';
      hinted = true;
      wakeup.wake();
      return 'accepted';
    },
  };
}
