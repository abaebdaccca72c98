import { LONGEST_TIMER_MS } from '@pushmirror/host/timer';
import pRetry from 'p-retry';
import { longestPause, pauseAfter, type Backoff } from './backoff.ts';
import type { Patience } from './patience.ts';
import type { PullGate } from './pull-gate.ts';
import type { Priority, Push, PushNews } from './push.ts';
import type { Lane, Slots } from './slots.ts';
import { verdictOf, type Verdict } from './verdict.ts';
import type { Outcome, Sender } from '../send/sender.ts';

export interface Settings {
  sender: Sender;
  onState: (push: Push, news: PushNews) => Promise<void>;
  onStateFailed: (push: Push, error: unknown) => void;
  attemptDeadlineMs: number;
  stockDeadlineMs: number;
  backoff: Backoff;
  giveUpAfterMs: number;
  random: () => number;
  now: () => Date;
  slots: Slots;
  patience: Patience;
  gate?: PullGate;
}

/** A push on its way. */
export interface RunningPush {
  phase(): 'waiting' | 'sending' | 'resting';
  /** End a rest before its time. */
  wake(): void;
  /** Break it off, whatever it does, without another state. */
  stop(): void;
  /** Resolves (never rejects) when nothing of it runs any more. */
  ended: Promise<void>;
}

/** Thrown out of an attempt to ask p-retry for another one. */
class NotYet extends Error {
  constructor(readonly verdict: Extract<Verdict, { state: 'unreachable' }>) {
    super(verdict.reason);
  }
}

const PAUSE_TO_WRITE_MS = 250;
const LONGEST_PAUSE_TO_WRITE_MS = 10_000;
const MADE_ROOM =
  'It had not answered when others needed its place; it is tried again with more time.';

/**
 * Carry one push to its end: accepted, refused or given up. Each round waits for a slot, writes
 * `sending`, makes the attempt, writes what came of it, and rests before the next; a push that
 * rests holds no slot. It begins when `previous`, a cancelled push of the same key, has ended.
 */
export function startPush(
  push: Push,
  settings: Settings,
  previous: Promise<void> | undefined,
): RunningPush {
  const { random, now, gate } = settings;
  const backoff = push.backoff ?? settings.backoff;
  const stopping = new AbortController();
  const stopped = stopping.signal;
  let phase: 'waiting' | 'sending' | 'resting' = 'waiting';
  let attempts = push.attempts;
  let firstAttemptAt = push.firstAttemptAt;
  let failedBefore = push.notBefore !== undefined || push.priority === 'suspect';
  let wakeUp = () => {};
  let breakOff = () => {};

  async function run(): Promise<void> {
    if (previous !== undefined) await previous;
    if (push.notBefore !== undefined) await rest(push.notBefore.getTime() - now().getTime());
    // p-retry makes the rounds; the pauses are ours, since their ends are written down.
    await pRetry(attempt, {
      retries: Number.POSITIVE_INFINITY,
      minTimeout: 0,
      factor: 1,
      signal: stopped,
      shouldRetry: ({ error }) => (error instanceof NotYet ? afterFailure(error.verdict) : false),
    });
  }

  async function attempt(): Promise<void> {
    phase = 'waiting';
    const current = new AbortController();
    let yielded = false;
    breakOff = () => current.abort();
    const onYield = () => {
      yielded = true;
      current.abort();
    };
    const lane: Lane = failedBefore ? 'retry' : 'live';
    await enterGate(onYield);
    const rank = rankOf(push.priority, lane, attempts);
    const slot = await settings.slots.take({ lane, rank, signal: stopped, onYield });
    phase = 'sending';
    let verdict: Verdict;
    try {
      attempts += 1;
      firstAttemptAt ??= now();
      await write({ state: 'sending' });
      verdict = await makeAttempt(
        current.signal,
        () => yielded,
        () => slot.release(),
      );
    } finally {
      slot.release();
    }
    if (verdict.state !== 'accepted') gate?.leave(push.key);
    if (verdict.state === 'unreachable') throw new NotYet(verdict);
    if (verdict.state === 'accepted') gate?.pulls(push.key, now());
    const { state, reason, reply } = verdict;
    const exitCode = verdict.state === 'accepted' ? verdict.exitCode : undefined;
    await write({
      state,
      ...(reason && { reason }),
      ...(reply && { reply }),
      ...(exitCode === undefined ? {} : { exitCode }),
    });
  }

  /** Until the mirror's upstream has room for it; one that is told a second time has it already. */
  async function enterGate(onYield: () => void): Promise<void> {
    const { key, upstream, target } = push;
    if (gate === undefined || upstream === undefined) return;
    const urgent = push.priority === 'urgent';
    const priority = failedBefore && !urgent ? 'suspect' : (push.priority ?? 'healthy');
    const { mirror } = target;
    const patience = () => settings.patience.current();
    await gate.enter({ key, upstream, mirror, priority, patience, onYield, signal: stopped });
  }

  async function makeAttempt(
    signal: AbortSignal,
    hasYielded: () => boolean,
    makeRoom: () => void,
  ): Promise<Verdict> {
    const startedAt = performance.now();
    const onBegun = () => {
      makeRoom(); // It syncs now, and nobody need wait for that but its upstream's slot.
      gate?.pulls(push.key, now());
    };
    const stock = push.target.kind === 'ftpsync';
    const limits = {
      deadlineMs: settings.attemptDeadlineMs,
      signal,
      ...(stock ? { stock: { runMs: settings.stockDeadlineMs, onBegun } } : {}),
    };
    const outcome = await settings.sender
      .send(push.target, push.command, limits)
      .catch((error: unknown): Outcome => ({ kind: 'unreachable', reason: String(error) }));
    stopped.throwIfAborted();
    const verdict = verdictOf(outcome);
    const through = outcome.kind === 'replied' || outcome.kind === 'ended';
    if (through && !stock) settings.patience.learn(performance.now() - startedAt);
    if (through || !hasYielded()) return verdict;
    return { state: 'unreachable', reason: MADE_ROOM, slow: false };
  }

  /** Write down that it failed, and rest; false when it is given up. */
  async function afterFailure(verdict: NotYet['verdict']): Promise<boolean> {
    const { reason, reply } = verdict;
    const what = { reason, ...(reply && { reply }) };
    failedBefore = true;
    const lastAt = (firstAttemptAt ?? now()).getTime() + settings.giveUpAfterMs;
    if (now().getTime() >= lastAt) {
      await write({ state: 'given-up', ...what });
      return false;
    }
    const nextAt = Math.min(now().getTime() + pauseBefore(verdict), lastAt);
    await write({ state: 'unreachable', nextAttemptAt: new Date(nextAt), ...what });
    await rest(nextAt - now().getTime());
    return true;
  }

  function pauseBefore({ reason, slow }: NotYet['verdict']): number {
    if (reason === MADE_ROOM) return 0;
    return slow ? longestPause(backoff, random) : pauseAfter(attempts, backoff, random);
  }

  /** Until the caller has it on disk; only `stop` ends the trying. */
  async function write(news: Pick<PushNews, 'state'> & Partial<PushNews>): Promise<void> {
    const at = now();
    const whole = { at, attempts, firstAttemptAt: firstAttemptAt ?? at, ...news };
    for (let pause = PAUSE_TO_WRITE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_TO_WRITE_MS)) {
      stopped.throwIfAborted();
      try {
        return await settings.onState(push, whole);
      } catch (error) {
        settings.onStateFailed(push, error);
        await sleep(pause * (0.5 + random()));
      }
    }
  }

  async function rest(ms: number): Promise<void> {
    phase = 'resting';
    await sleep(ms);
  }

  function sleep(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        stopped.removeEventListener('abort', end);
        wakeUp = () => {};
        if (stopped.aborted) reject(new Error('stopped'));
        else resolve();
      };
      const timer = setTimeout(end, Math.min(Math.max(ms, 0), LONGEST_TIMER_MS));
      stopped.addEventListener('abort', end, { once: true });
      wakeUp = end;
      if (stopped.aborted) end();
    });
  }

  // Whatever ends it early was asked for with `stop`: every other error is a state.
  const ended = run().catch(() => {});
  return {
    phase: () => phase,
    wake: () => wakeUp(),
    stop() {
      stopping.abort();
      breakOff();
      gate?.abandon(push.key);
    },
    ended,
  };
}

/** Lower goes first. Retries of pushes that have failed less often come before the hopeless. */
function rankOf(priority: Priority = 'healthy', lane: Lane, attempts: number): number {
  if (priority === 'urgent') return 0;
  if (lane === 'retry') return 1 + attempts;
  return { hub: 1, healthy: 2, suspect: 3 }[priority];
}
