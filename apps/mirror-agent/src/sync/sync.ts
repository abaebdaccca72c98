import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf, HostError, lockFolder, readSecret } from '@pushmirror/host';
import type { SignedHead } from '@pushmirror/trigger';
import type { ArchiveSettings, HookName, TraceSettings } from './archive-settings.ts';
import type { Claim } from './claim.ts';
import { classicSync } from './classic.ts';
import type { AcceptHead, HookSubject, SyncContext, SyncVia } from './context.ts';
import type { SyncEvent, SyncFailed, SyncResult } from './events.ts';
import { SyncFailure } from './failure.ts';
import { checkSpace, prepareFolder } from './folder.ts';
import { runHook } from './hooks.ts';
import { createMarks } from './marks.ts';
import { goalIsBeyond } from './news.ts';
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
  via: SyncVia;
  /** For scratch folders. */
  stateDir: string;
  now: () => Date;
  signal: AbortSignal;
  onEvent: (event: SyncEvent) => void;
  /** Waits, or rejects when the signal aborts; a timer when left out. */
  delay?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** News that comes in this often during one sync is left to the next. */
const MOST_RUNS = 10;

/**
 * Bring an archive's tree to the goal, and on to whatever the goal has become meanwhile. The tree
 * is locked; it claims a serial only when it is at it.
 *
 * @returns how it ended. What a sync may run into is a result; only faults of our own are thrown.
 */
export async function runSync(options: SyncOptions): Promise<SyncResult> {
  try {
    const context = createContext(options);
    await prepareFolder(context.archive.to);
    return await runLocked(context);
  } catch (error) {
    return asFailed(error);
  }
}

async function runLocked(context: SyncContext): Promise<SyncResult> {
  const { archive, marks } = context;
  const lock = lockFolder(archive.to);
  try {
    const ftpsync = await marks.runningFtpsync();
    if (lock === undefined || ftpsync !== undefined) {
      await marks.showUpdateRequired(); // As in ftpsync: who is at work makes another pass.
      const who = ftpsync === undefined ? 'another sync' : `ftpsync (process ${ftpsync})`;
      throw new SyncFailure('locked', `${archive.to} is in use by ${who}.`, { retry: true });
    }
    await checkSpace(archive.to, archive.min_free);
    await marks.showInProgress();
    try {
      return await runToGoal(context);
    } finally {
      await marks.hideInProgress();
    }
  } finally {
    lock?.release();
  }
}

/** One run to a claim, and others as long as the goal has moved on. */
async function runToGoal(context: SyncContext): Promise<SyncResult> {
  let last: Claim | undefined;
  try {
    for (let run = 1; run <= MOST_RUNS; run += 1) {
      last = await chooseMode(context)(context);
      const more = goalIsBeyond(context, last.source) || (await context.marks.updateRequired());
      if (!more) break;
    }
  } catch (error) {
    if (last === undefined) throw error;
    return { ...committed(last), unfinished: asFailed(error) };
  }
  if (last === undefined) throw new Error('a sync ended without a claim and without a failure');
  return committed(last);
}

/** The one place that decides how an archive is synced. */
function chooseMode(_context: SyncContext): (context: SyncContext) => Promise<Claim> {
  return classicSync;
}

function committed({ source: _source, ...claim }: Claim): SyncResult & { kind: 'committed' } {
  return { kind: 'committed', ...claim };
}

function createContext(options: SyncOptions): SyncContext {
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
    marks: createMarks(archive.to, agent.name),
    signal,
    goal: options.goal,
    acceptHead: options.acceptHead,
    now: options.now,
    async delay(ms) {
      await wait(ms, signal).catch(() => {});
      if (signal.aborted) throw stopped();
    },
    remainingMs() {
      if (signal.aborted) throw stopped();
      const ms = remaining();
      if (ms > 0) return ms;
      const text = 'The deadline passed before the sync was done. Raise it, or look at why the upstream is slow.';
      throw new SyncFailure('deadline', text, { retry: true });
    },
    async hook(hook: HookName, about: HookSubject) {
      const deadlineMs = context.remainingMs();
      const mirror = agent.name;
      const reason = await runHook({ ...about, hook, archive, mirror, via, signal, deadlineMs, onEvent });
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

/** @throws whatever is not of the world's making but of ours. */
function asFailed(error: unknown): SyncFailed {
  if (error instanceof SyncFailure) {
    const { message: reason, retry, rsync } = error;
    return { kind: 'failed', reason, retry, ...(rsync === undefined ? {} : { rsync }) };
  }
  if (error instanceof HostError) {
    return { kind: 'failed', reason: error.message, retry: !error.code.startsWith('secret-') };
  }
  if (error instanceof Error && errnoOf(error) !== undefined) {
    const reason = `The tree could not be written (${error.message}). Check the disk, and the folder's owner and mode.`;
    return { kind: 'failed', reason, retry: true };
  }
  throw error;
}
