import type { Attempt } from '../archive/publish.ts';
import type { PushRow, ReleaseRow } from '../db/schema.ts';
import type { FeedEvent } from '../monitor/feed.ts';
import type { Tally } from './state.ts';

/** What a rollout as a whole does; `wave`: a wave began, or the current one went a step on. */
export type RolloutTurn = 'begun' | 'wave' | 'held' | 'resumed' | 'superseded' | 'ended';

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
    wave: row.wave,
    leftBehindAt: row.left_behind_at,
    observedAt: row.observed_at,
  };
  return { type: 'push', archive, serial, data, open };
}

export function rolloutEvent(
  release: ReleaseRow,
  turn: { state: RolloutTurn; at: string; mirrors: Tally },
): FeedEvent {
  const { archive, serial, wave, phase } = release;
  const data = {
    archive,
    serial,
    ...turn,
    wave,
    phase,
    publicAt: release.public_at,
    held: heldView(release),
  };
  // A hold is signed and public, with its reason; who gave the word is not.
  const open = { ...data, held: data.held && { at: data.held.at, reason: data.held.reason } };
  return { type: 'rollout', archive, serial, data, open };
}

/** Since when it is held, why, and by whom; null when it is not. */
export function heldView(
  release: Pick<ReleaseRow, 'held_at' | 'held_reason' | 'held_by'>,
): { at: string; reason: string | null; by: string | null } | null {
  const { held_at: at, held_reason: reason, held_by: by } = release;
  return at === null ? null : { at, reason, by };
}

/** A publish; the public hears of it when the release exists. */
export function publishEvent(attempt: Attempt): FeedEvent {
  const { archive, serial, startedAt, progress, outcome } = attempt;
  const state = outcome === undefined ? 'running' : 'published' in outcome ? 'published' : 'failed';
  const data = { archive, serial, state, startedAt: startedAt.toISOString(), progress };
  return { type: 'publish', archive, serial, data };
}
