/** What kept a sync from its end. */
export type SyncFailureCode =
  | 'settings'
  | 'locked'
  | 'foreign-folder'
  | 'no-space'
  | 'cannot-write'
  | 'upstream'
  | 'behind'
  | 'busy'
  | 'mismatch'
  | 'plan'
  | 'rsync'
  | 'hook'
  | 'deadline'
  | 'stopped';

/** How rsync ended: its exit code (null when it was killed) and its last lines. */
export interface RsyncEnd {
  code: number | null;
  lines: string[];
}

/**
 * Ends a sync from wherever it is; `runSync` turns it into a result, and nobody else sees it.
 * `retry` is false when trying again is of no use before a person has done something.
 */
export class SyncFailure extends Error {
  override name = 'SyncFailure';
  readonly retry: boolean;
  readonly rsync: RsyncEnd | undefined;
  constructor(
    readonly code: SyncFailureCode,
    message: string,
    options: { retry: boolean; rsync?: RsyncEnd | undefined; cause?: unknown },
  ) {
    super(message, { cause: options.cause });
    this.retry = options.retry;
    this.rsync = options.rsync;
  }
}
