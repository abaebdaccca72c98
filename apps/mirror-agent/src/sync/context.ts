import type { SignedHead } from '@pushmirror/trigger';
import type { ArchiveSettings, HookName, TraceSettings } from './archive-settings.ts';
import type { SyncEvent } from './events.ts';
import type { Marks } from './marks.ts';
import type { Upstream } from './upstream-url.ts';

/** How the mirror heard that there is something to sync. */
export type SyncVia = 'push' | 'poll' | 'hint' | 'manual';

/** What becomes of a head that an upstream shows and that is not our goal. */
export type AcceptHead = (
  bytes: Buffer,
) => Promise<{ accepted: true; signed: SignedHead } | { accepted: false; reason: string }>;

/** One call of `runSync`, as its parts see it. */
export interface SyncContext {
  archive: ArchiveSettings;
  /** This mirror's name. */
  mirror: string;
  trace: TraceSettings;
  /** The upstream and its fallbacks, read. */
  upstreams: readonly Upstream[];
  via: SyncVia;
  stateDir: string;
  /** Go by what is really on disk, and not by our own record of it. */
  lookThrough: boolean;
  marks: Marks;
  signal: AbortSignal;
  /** The newest head we know of; asked afresh each time. */
  goal(): SignedHead | undefined;
  acceptHead: AcceptHead | undefined;
  /** Whether readers may be given this release; asked right before the switch. */
  mayCommit(head: SignedHead): boolean;
  now(): Date;
  /** @throws SyncFailure `stopped` */
  delay(ms: number): Promise<void>;
  /** @throws SyncFailure `deadline` when there is nothing left. */
  remainingMs(): number;
  /** @throws SyncFailure `hook` */
  hook(hook: HookName, about: HookSubject): Promise<void>;
  onEvent(event: SyncEvent): void;
  /** Added up over all passes. */
  spent: { bytes: number; stage1: number; stage2: number };
  /** Seconds since the call began. */
  seconds(): number;
}

/** What a hook is told of: as much as is known at its point. */
export interface HookSubject {
  head?: SignedHead | undefined;
  serial?: number | undefined;
  upstream?: string | undefined;
}
