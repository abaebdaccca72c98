import { isTerminal, nextPushState, type PushState } from '@pushmirror/trigger/push-state';

/** What is known of a push before the news. */
export interface PushNow {
  state: PushState;
  attempts: number;
  reason: string | null;
  next_attempt_at: string | null;
  sent_at: string | null;
  accepted_at: string | null;
  staged_at: string | null;
  committed_at: string | null;
}

/** News of a push, from its sender or from the mirror itself. */
export interface PushNews {
  state: PushState;
  attempts?: number | undefined;
  reason?: string | undefined;
  /** Of `unreachable`: when it is tried again. */
  nextAttemptAt?: Date | undefined;
  at: Date;
}

/** The columns to write. */
export type PushChange = PushNow & { updated_at: string };

/**
 * What a push's row becomes after news, or undefined when the news changes nothing. News may come
 * late, twice and out of order: `nextPushState` says which of it counts, and each time is noted
 * once, when its state was first reached.
 */
export function afterNews(push: PushNow, news: PushNews): PushChange | undefined {
  const state = nextPushState(push.state, news.state);
  const attempts = Math.max(push.attempts, news.attempts ?? 0);
  const moved = state !== push.state;
  const told = news.reason !== undefined && news.reason !== push.reason && state === news.state;
  if (!moved && !told && attempts === push.attempts) return undefined;
  const at = news.at.toISOString();
  return {
    state,
    attempts,
    reason: reasonAfter(push, news, moved, state),
    next_attempt_at: nextAttemptAfter(push, news, state),
    ...timesAfter(push, news.state, state, at),
    updated_at: at,
  };
}

function reasonAfter(push: PushNow, news: PushNews, moved: boolean, state: PushState) {
  if (news.reason !== undefined && (moved || state === news.state)) return news.reason;
  return moved ? null : push.reason;
}

function nextAttemptAfter(push: PushNow, news: PushNews, state: PushState): string | null {
  if (state !== 'unreachable') return null;
  if (news.state !== 'unreachable') return push.next_attempt_at;
  return news.nextAttemptAt?.toISOString() ?? null;
}

/**
 * When it was first sent, accepted, staged, committed. A later step implies the earlier ones, but for
 * the sending: a mirror may have come by itself. A hub says so late of a mirror that is quick.
 */
function timesAfter(push: PushNow, told: PushState, state: PushState, at: string) {
  const committed = state === 'committed';
  const staged = committed || state === 'staged';
  const accepted = staged || state === 'accepted';
  return {
    sent_at: push.sent_at ?? (told === 'sending' ? (push.accepted_at ?? at) : null),
    accepted_at: push.accepted_at ?? (accepted ? at : null),
    staged_at: push.staged_at ?? (staged ? at : null),
    committed_at: push.committed_at ?? (committed ? at : null),
  };
}

/** How a rollout stands: how many of its pushes are where. */
export interface Tally {
  total: number;
  committed: number;
  /** Refused or given up. */
  failed: number;
  /** Not done yet. */
  open: number;
  states: Partial<Record<PushState, number>>;
}

export function tally(counts: readonly { state: PushState; count: number }[]): Tally {
  const sum: Tally = { total: 0, committed: 0, failed: 0, open: 0, states: {} };
  for (const { state, count } of counts) {
    sum.total += count;
    sum.states[state] = (sum.states[state] ?? 0) + count;
    if (state === 'committed') sum.committed += count;
    if (state === 'refused' || state === 'given-up') sum.failed += count;
    if (!isTerminal(state)) sum.open += count;
  }
  return sum;
}
