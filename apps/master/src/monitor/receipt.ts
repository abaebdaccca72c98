import type { PushState } from '@pushmirror/trigger';
import type { ReceiptRow } from '../db/receipts.ts';

/** What one mirror did with one release, and when. Times are null where it was not so far. */
export interface Receipt {
  mirror: string;
  tier: number;
  /** Null: nobody was to push it; it came by itself. */
  sender: string | null;
  state: PushState;
  attempts: number;
  reason: string | null;
  /** The last that it said of this archive is that it serves this release. */
  serves: boolean;
  sentAt: string | null;
  acceptedAt: string | null;
  stagedAt: string | null;
  committedAt: string | null;
  /** When it was first seen at the mirror's public address. */
  observedAt: string | null;
  /** Null of one that came by itself. */
  wave: number | null;
  /** When its wave went on without it. */
  leftBehindAt: string | null;
}

export function receiptOf(row: ReceiptRow, serial: number, tier: number): Receipt {
  const serves = row.served_serial === serial;
  return {
    mirror: row.mirror,
    tier,
    sender: row.sender ?? null,
    state: row.state ?? 'committed',
    attempts: row.attempts ?? 0,
    reason: row.reason ?? null,
    serves,
    sentAt: row.sent_at ?? null,
    acceptedAt: row.accepted_at ?? null,
    stagedAt: row.staged_at ?? null,
    committedAt: row.committed_at ?? (serves ? row.served_at : null),
    // Never a claim: what was seen at its public address.
    observedAt: row.observed_at ?? (row.seen_serial === serial ? row.seen_at : null),
    wave: row.wave ?? null,
    leftBehindAt: row.left_behind_at ?? null,
  };
}
