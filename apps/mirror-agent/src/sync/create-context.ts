import { setTimeout as delay } from 'node:timers/promises';
import { readSecret } from '@pushmirror/host';
import type { SignedHead } from '@pushmirror/trigger';
import type { ArchiveSettings, HookName, TraceSettings } from './archive-settings.ts';
import type { AcceptHead, HookSubject, SyncContext, SyncVia } from './context.ts';
import type { SyncEvent } from './events.ts';
import { SyncFailure } from './failure.ts';
import { runHook } from './hooks.ts';
import { createMarks } from './marks.ts';
import { parseUpstream } from './upstream-url.ts';

export interface SyncOptions {
  archive: ArchiveSettings;
  agent: { name: string; trace: TraceSettings };
  /** The newest accepted head, asked afresh whenever it matters; undefined when there is none. */
  goal: () => SignedHead | undefined;
  /**
   * Judges a head that an upstream shows and that is not our goal: newer, or the first. Without
   * it such a head is never claimed.
   */
  acceptHead?: AcceptHead;
  /**
   * Whether a release may be shown to readers, asked right before the switch; when not, the sync
   * ends as `staged`. Left out: always.
   */
  mayCommit?: (head: SignedHead) => boolean;
  via: SyncVia;
  /** Go by what is really on disk, and not by our own record of it. */
  lookThrough?: boolean;
  /** For scratch folders. */
  stateDir: string;
  now: () => Date;
  signal: AbortSignal;
  onEvent: (event: SyncEvent) => void;
  /** Waits, or rejects when the signal aborts; a timer when left out. */
  delay?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/**
 * What the parts of a sync share, with the clocks started.
 *
 * @throws SyncFailure `settings`, or HostError `secret-...` for the password file.
 */
export function createContext(options: SyncOptions): SyncContext {
  const { archive, agent, via, signal, onEvent } = options;
  const started = performance.now();
  const remaining = () => archive.deadline - (performance.now() - started);
  const wait = options.delay ?? ((ms, aborted) => delay(ms, undefined, { signal: aborted }));
  const upstreams = [archive.upstream, ...archive.fallbacks].map(parseUpstream);
  const usesPassword = upstreams.some((upstream) => upstream.user !== undefined);
  if (archive.password_file !== undefined && usesPassword) readSecret(archive.password_file);

  const context: SyncContext = {
    archive,
    mirror: agent.name,
    trace: agent.trace,
    upstreams,
    via,
    stateDir: options.stateDir,
    lookThrough: options.lookThrough ?? false,
    marks: createMarks(archive.to, agent.name),
    signal,
    goal: options.goal,
    acceptHead: options.acceptHead,
    mayCommit: options.mayCommit ?? (() => true),
    now: options.now,
    async delay(ms) {
      await wait(ms, signal).catch(() => {});
      if (signal.aborted) throw stopped();
    },
    remainingMs() {
      if (signal.aborted) throw stopped();
      const ms = remaining();
      if (ms > 0) return ms;
      const text =
        'The deadline passed before the sync was done. Raise it, or look at why the upstream is slow.';
      throw new SyncFailure('deadline', text, { retry: true });
    },
    async hook(hook: HookName, about: HookSubject) {
      const deadlineMs = context.remainingMs();
      const mirror = agent.name;
      const reason = await runHook({
        ...about,
        hook,
        archive,
        mirror,
        via,
        signal,
        deadlineMs,
        onEvent,
      });
      if (signal.aborted) throw stopped();
      if (reason !== undefined) throw new SyncFailure('hook', reason, { retry: true });
    },
    onEvent,
    spent: { bytes: 0, stage1: 0, stage2: 0 },
    seconds: () => (performance.now() - started) / 1000,
  };
  return context;
}

function stopped(): SyncFailure {
  return new SyncFailure('stopped', 'The sync was stopped.', { retry: true });
}
