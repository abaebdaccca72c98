import type { SignedHead } from '@pushmirror/trigger';
import type { Committed } from '../committed.ts';
import type { SyncEvent, SyncFailed } from '../sync/events.ts';

/** How the mirror heard that there is something to sync. */
export type Via = 'push' | 'poll' | 'hint' | 'manual';

/** What happens to an archive, as it happens. Bytes are those received; seconds since the start. */
export type ArchiveNews =
  | { type: 'syncing'; goal: SignedHead | undefined; via: Via; attempt: number }
  | { type: 'event'; event: SyncEvent }
  | { type: 'staged'; head: SignedHead | undefined; via: Via; bytes: number; seconds: number }
  /** The sync has ended with the release staged: it may not be committed yet. */
  | { type: 'waits'; signed: SignedHead }
  /** What is staged may be committed, and that begins now. */
  | { type: 'committing'; signed: SignedHead }
  | { type: 'committed'; committed: Committed; via: Via }
  | {
      type: 'failed';
      goal: SignedHead | undefined;
      via: Via;
      failure: SyncFailed;
      /** When it is tried again by itself; absent when a person must do something first. */
      retryAt?: Date;
      attempt: number;
    }
  /** What releases dropped is still there: our own disk would not let it go. */
  | { type: 'not-deleted'; reason: string }
  /** The tree shows a newer issue of the same head. */
  | { type: 'renewed'; signed: SignedHead };
