import type { Attempt } from '../archive/publish.ts';
import type { PushRow } from '../db/schema.ts';
import type { FeedEvent } from '../monitor/feed.ts';
import type { Tally } from './state.ts';

/** What a rollout as a whole does. Later kinds (held, resumed, a wave) are further words here. */
export type RolloutTurn = 'begun' | 'superseded' | 'ended';

/**
 * A push as it is now, all of it, so that events may be missed or come twice. Reasons and senders
 * are for those with a token.
 */
export function pushEvent(row: PushRow): FeedEvent {
  const { archive, serial, mirror, state } = row;
  const open = { archive, serial, mirror, state, updatedAt: row.updated_at };
  const data = {
    ...open,
    sender: row.sender,
    attempts: row.attempts,
    reason: row.reason,
    sentAt: row.sent_at,
    acceptedAt: row.accepted_at,
    stagedAt: row.staged_at,
    committedAt: row.committed_at,
  };
  return { type: 'push', archive, serial, data, open };
}

export function rolloutEvent(turn: {
  archive: string;
  serial: number;
  state: RolloutTurn;
  at: string;
  mirrors: Tally;
}): FeedEvent {
  const { archive, serial } = turn;
  return { type: 'rollout', archive, serial, data: turn, open: turn };
}

/** A publish; the public hears of it when the release exists. */
export function publishEvent(attempt: Attempt): FeedEvent {
  const { archive, serial, startedAt, progress, outcome } = attempt;
  const state = outcome === undefined ? 'running' : 'published' in outcome ? 'published' : 'failed';
  const data = { archive, serial, state, startedAt: startedAt.toISOString(), progress };
  return { type: 'publish', archive, serial, data };
}
