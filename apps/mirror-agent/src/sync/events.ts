import type { SignedHead } from '@pushmirror/trigger';
import type { HookName } from './archive-settings.ts';
import type { RsyncEnd } from './failure.ts';

/** What a sync tells while it goes on. */
export type SyncEvent =
  /** A round begins: the upstream was found good, the passes start. */
  | { type: 'syncing'; upstream: string; head?: SignedHead; serial?: number; round: number }
  /** `bytesInAll` where it is known beforehand. */
  | { type: 'progress'; stage: 1 | 2; bytes: number; bytesInAll?: number; percent: number }
  /** Stage 1 is done. Bytes received and seconds taken so far. */
  | { type: 'staged'; head?: SignedHead; serial?: number; bytes: number; seconds: number }
  /** A hook has run; `reason` says why it is taken for failed, which ends the sync. */
  | { type: 'hook'; hook: HookName; seconds: number; reason?: string }
  /** An upstream could not be used; the next one is tried. */
  | { type: 'passed-over'; upstream: string; reason: string }
  /** The upstream is itself in a sync; we come back within `ms`. */
  | { type: 'waiting'; upstream: string; reason: string; ms: number }
  /** What was fetched is not claimed, or there is news: another round. */
  | { type: 'again'; reason: string }
  /** The tree is at this release, and says so. */
  | { type: 'claimed'; head?: SignedHead; serial?: number; bytes: number; seconds: number };

/** How a sync ended. */
export type SyncResult =
  | {
      kind: 'committed';
      /** The head that the tree shows now; absent when the upstream shows none. */
      head?: SignedHead;
      /** The head's serial, or the upstream's `Archive serial`; absent when there is neither. */
      serial?: number;
      /** Received over the wire. */
      bytes: number;
      seconds: number;
      /** What ended the way on to a goal that came later. */
      unfinished?: SyncFailed;
    }
  | SyncStaged
  | SyncFailed;

/** All of the release is in the tree, beside what readers see, and it may not be committed yet. */
export interface SyncStaged {
  kind: 'staged';
  head: SignedHead;
  serial: number;
  /** Received over the wire. */
  bytes: number;
  seconds: number;
}

export interface SyncFailed {
  kind: 'failed';
  /** One sentence: what, where, what to do. */
  reason: string;
  rsync?: RsyncEnd;
  /** False: not before a person has done something. */
  retry: boolean;
}
