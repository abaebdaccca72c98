import { LONGEST_TIMER_MS } from '@pushmirror/host/timer';
import type { Priority } from './push.ts';
import { whoMayPull } from './pull-slots.ts';

/** A mirror that is to pull from an upstream, because of one push. */
export interface PullRequest {
  /** Of the push. */
  key: string;
  upstream: string;
  mirror: string;
  priority: Priority;
}

/** The answer to a mirror that asks by itself. */
export type PullVerdict = { go: true } | { go: false; limit: number; retryAfterMs: number };

interface Entering extends PullRequest {
  signal: AbortSignal;
  /** Called at most once, while the attempt runs: others wait for its slot, give it up. */
  onYield: () => void;
  /** Milliseconds that an attempt may hold a slot without an answer while others wait. */
  patience: () => number;
}

/** The slots of upstreams, shared out by `whoMayPull` as mirrors come and go. */
export interface PullGate {
  /** Resolves when there is a slot, which is held until `leave`; rejects when the signal aborts. */
  enter(request: Entering): Promise<void>;
  /** The mirror of this push took the head, and pulls from now on. */
  pulls(key: string, since: Date): void;
  /** A mirror pulls, as the database says or since it was told to go. */
  holds(request: PullRequest, since: Date): void;
  /** The mirror of this push pulls no more, or was not reached. */
  leave(key: string): void;
  /** As `leave`, unless its mirror pulls already: its push was broken off. */
  abandon(key: string): void;
  /** May it pull now? With `go` it has a slot. Those who wait in line go first. */
  ask(request: PullRequest): PullVerdict;
  /** Those in line, in the order of their coming. */
  waiting(): PullRequest[];
  close(): void;
}

export interface PullGateOptions {
  limitOf: (upstream: string) => number;
  /** A slot is free again after so many milliseconds, whatever became of its mirror. */
  timeoutMs: number;
  now: () => Date;
}

interface Waiter {
  request: Entering;
  admit: () => void;
}

interface Holder extends PullRequest {
  since: Date;
  /** While its attempt runs: how to ask for the slot back. */
  attempt?: Entering | undefined;
}

interface Upstream {
  waiters: Set<Waiter>;
  holders: Map<string, Holder>;
  timer?: NodeJS.Timeout;
  due: boolean;
}

const SHORTEST_RETRY_MS = 5_000;
const LONGEST_RETRY_MS = 120_000;

/**
 * Nothing is polled: whoever leaves makes room for the next. An attempt without an answer gives its
 * slot back to those who wait, so that dead mirrors do not keep the slots of the live ones.
 */
export function createPullGate(options: PullGateOptions): PullGate {
  const { limitOf, timeoutMs, now } = options;
  const upstreams = new Map<string, Upstream>();
  const upstreamOf = new Map<string, string>();
  let closed = false;

  function at(name: string): Upstream {
    const known = upstreams.get(name);
    if (known !== undefined) return known;
    const made: Upstream = { waiters: new Set(), holders: new Map(), due: false };
    upstreams.set(name, made);
    return made;
  }

  function hold(holder: Holder): void {
    leave(holder.key);
    upstreamOf.set(holder.key, holder.upstream);
    at(holder.upstream).holders.set(holder.key, holder);
  }

  function leave(key: string): void {
    const name = upstreamOf.get(key);
    if (name === undefined) return;
    upstreamOf.delete(key);
    at(name).holders.delete(key);
    soon(name);
  }

  function holderOf(key: string): Holder | undefined {
    const name = upstreamOf.get(key);
    return name === undefined ? undefined : upstreams.get(name)?.holders.get(key);
  }

  /** After this turn, so that of all who come in one turn the first in rank goes first. */
  function soon(name: string): void {
    const upstream = at(name);
    if (upstream.due || closed) return;
    upstream.due = true;
    queueMicrotask(() => {
      upstream.due = false;
      if (!closed) admit(name, upstream);
    });
  }

  function admit(name: string, upstream: Upstream): void {
    clearTimeout(upstream.timer);
    forgetTimedOut(upstream);
    const { waiters, holders } = upstream;
    if (waiters.size === 0) {
      if (holders.size === 0) upstreams.delete(name);
      return;
    }
    const { go, lookAgainAt } = decide(
      name,
      upstream,
      [...waiters].map((one) => one.request),
    );
    const admitted = new Set(go);
    for (const waiter of waiters) {
      if (!admitted.has(waiter.request.mirror)) continue;
      waiters.delete(waiter);
      const { key, upstream: at, mirror, priority } = waiter.request;
      hold({ key, upstream: at, mirror, priority, since: now(), attempt: waiter.request });
      waiter.admit();
    }
    if (lookAgainAt === undefined) return;
    const left = Math.min(lookAgainAt.getTime() - now().getTime(), askBack(upstream));
    upstream.timer = setTimeout(() => soon(name), Math.min(Math.max(left, 1), LONGEST_TIMER_MS));
    upstream.timer.unref();
  }

  function decide(
    name: string,
    { holders }: Upstream,
    waiting: readonly { mirror: string; priority: Priority }[],
  ) {
    const pulling = [...holders.values()];
    return whoMayPull({ waiting, pulling, limit: limitOf(name), timeoutMs, now: now() });
  }

  function forgetTimedOut({ holders }: Upstream): void {
    const oldest = now().getTime() - timeoutMs;
    for (const [key, { since }] of holders) {
      if (since.getTime() > oldest) continue;
      holders.delete(key);
      upstreamOf.delete(key);
    }
  }

  /** Milliseconds until the next attempt has had its time; those that have had it yield now. */
  function askBack({ holders, waiters }: Upstream): number {
    let next = Number.POSITIVE_INFINITY;
    // Those that failed before wait for each other: each gets its whole time.
    if ([...waiters].every(({ request }) => request.priority === 'suspect')) return next;
    for (const holder of holders.values()) {
      const { attempt, since } = holder;
      if (attempt === undefined || attempt.priority === 'urgent') continue;
      const left = since.getTime() + attempt.patience() - now().getTime();
      if (left > 0) {
        next = Math.min(next, left);
        continue;
      }
      holder.attempt = undefined;
      attempt.onYield();
    }
    return next;
  }

  return {
    leave,
    enter(request) {
      return new Promise((resolve, reject) => {
        const { key, upstream, signal } = request;
        if (signal.aborted || closed) return reject(new Error('stopped'));
        leave(key);
        const stop = () => {
          at(upstream).waiters.delete(waiter);
          soon(upstream);
          reject(new Error('stopped'));
        };
        const waiter: Waiter = {
          request,
          admit() {
            signal.removeEventListener('abort', stop);
            resolve();
          },
        };
        signal.addEventListener('abort', stop, { once: true });
        at(upstream).waiters.add(waiter);
        soon(upstream);
      });
    },
    pulls(key, since) {
      const holder = holderOf(key);
      if (holder !== undefined) Object.assign(holder, { since, attempt: undefined });
    },
    holds: (request, since) => hold({ ...request, since }),
    abandon(key) {
      if (holderOf(key)?.attempt !== undefined) leave(key);
    },
    ask(request) {
      const { key, upstream: name, mirror, priority } = request;
      const upstream = at(name);
      if (holderOf(key) !== undefined) return { go: true };
      forgetTimedOut(upstream);
      const inLine = [...upstream.waiters].map((one) => one.request);
      const { go, lookAgainAt } = decide(name, upstream, [...inLine, { mirror, priority }]);
      if (go.includes(mirror)) {
        hold({ ...request, since: now() });
        return { go: true };
      }
      const until = (lookAgainAt ?? now()).getTime() - now().getTime();
      const retryAfterMs = Math.min(Math.max(until, SHORTEST_RETRY_MS), LONGEST_RETRY_MS);
      return { go: false, limit: limitOf(name), retryAfterMs };
    },
    waiting: () =>
      [...upstreams.values()].flatMap(({ waiters }) =>
        [...waiters].map(({ request: { key, upstream, mirror, priority } }) => ({
          key,
          upstream,
          mirror,
          priority,
        })),
      ),
    close() {
      closed = true;
      for (const { timer } of upstreams.values()) clearTimeout(timer);
    },
  };
}
