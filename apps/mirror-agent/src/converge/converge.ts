import { compareHeads, HEAD_PATH, type SignedHead } from '@pushmirror/trigger';
import type { Committed, CommittedStore } from '../committed.ts';
import type { AgentConfig } from '../config.ts';
import { messageOf } from '../errors.ts';
import type { ArchiveSettings } from '../sync/archive-settings.ts';
import type { AcceptHead } from '../sync/context.ts';
import type { SyncEvent, SyncFailed, SyncResult } from '../sync/events.ts';
import { runDueDeletes } from '../sync/manifest/due-deletes.ts';
import { runSync } from '../sync/sync.ts';
import { writeTreeFile } from '../sync/tree-files.ts';
import type { ArchiveNews, Via } from './news.ts';
import { isSameRelease, nextStep, pauseAfter, type Step } from './next-step.ts';
import { createWakeup } from './wakeup.ts';

/** Brings one archive to the newest head heard of, and keeps it there. One sync at a time. */
export interface Converger {
  /** There is a head; an older one than the goal changes nothing. */
  aim(goal: SignedHead, via: Via): void;
  /** Sync whatever the heads say; `serial` is what the upstream claims to be at, if it does. */
  request(via: Via, serial?: string): void;
  /** Try again at once what failed before; nothing else changes. */
  retry(via: Via): void;
  /** What may be committed has changed. */
  reconsider(): void;
  /** What was staged is not there any more: stage it again. */
  restage(): void;
  /** Resolves when there is nothing to do just now, with how the last sync since now ended. */
  settled(): Promise<SyncResult | undefined>;
  status(): ConvergerStatus;
  /** Resolves when the loop has ended, which it does soon after the signal aborts. */
  ended: Promise<void>;
}

export interface ConvergerStatus {
  /** `staged`: all of the goal is in the tree, and waits; `waiting`: it cannot even be staged. */
  state: 'idle' | 'queued' | 'syncing' | 'retrying' | 'failed' | 'staged' | 'waiting';
  goal?: SignedHead;
  committed?: Committed;
  staged?: SignedHead;
  failures: number;
  lastFailure?: { at: Date; reason: string; retryAt?: Date };
  /** The upstream of the sync under way, or of the last one. */
  upstream?: string;
}

export interface ConvergerOptions {
  archive: ArchiveSettings;
  agent: Pick<AgentConfig, 'name' | 'trace'>;
  stateDir: string;
  committed: CommittedStore;
  acceptHead: AcceptHead;
  /** Whether readers may be given a release. */
  mayCommit: (head: SignedHead) => boolean;
  /** Runs the work when it is this archive's turn. */
  inTurn: <T>(work: () => Promise<T>) => Promise<T>;
  /** Told in order; the next step waits until it has been taken in. */
  onNews: (news: ArchiveNews) => void | Promise<void>;
  now: () => Date;
  random: () => number;
  signal: AbortSignal;
}

const SHORTEST_RETRY_MS = 5_000;
/** After deletes that our own disk would not do. */
const DELETES_AGAIN_MS = 10 * 60_000;

export async function startConverger(options: ConvergerOptions): Promise<Converger> {
  const { archive, signal, onNews } = options;
  const wakeup = createWakeup(signal);
  /** For a sync under way that waits for its upstream. */
  const heardOf = createWakeup(signal);
  let goal: SignedHead | undefined;
  let committed = await options.committed.read(archive.name);
  let staged: SignedHead | undefined;
  let via: Via = 'poll';
  let request: { serial?: string } | undefined;
  let state: ConvergerStatus['state'] = 'idle';
  let failures = 0;
  let failure: { at: Date; reason: string; retryAt?: Date } | undefined;
  let upstream: string | undefined;
  let last: SyncResult | undefined;
  let waiting: ((result: SyncResult | undefined) => void)[] = [];
  const ended = loop();

  async function loop(): Promise<void> {
    while (!signal.aborted) {
      try {
        await take(decideNext());
      } catch (error) {
        // What our own disk does to us, such as being full: it must not end the loop.
        await fail(asFailure(error), via);
        settle('retrying');
        await wakeup.wait(pauseAfter(failures, options.random));
      }
    }
    settle('idle');
  }

  function decideNext(): Step {
    const retryAt = failure?.retryAt?.getTime();
    return nextStep({
      goal,
      committed: committed?.signed,
      staged,
      mayCommit: goal === undefined || options.mayCommit(goal),
      canStage: archive.mode === 'auto' && goal?.head.manifest !== undefined,
      requested: request !== undefined,
      failure: failure && (retryAt === undefined ? {} : { retryAt }),
      now: options.now().getTime(),
    });
  }

  async function take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'sync':
        state = 'queued';
        return options.inTurn(syncOnce);
      case 'commit':
        // Out of turn: it takes no transfer, and others switch at this moment.
        await onNews({ type: 'committing', signed: step.signed });
        return syncOnce();
      case 'await':
        settle(
          staged !== undefined && goal !== undefined && isSameRelease(staged, goal)
            ? 'staged'
            : 'waiting',
        );
        return wakeup.wait();
      case 'renew':
        return renew(step.signed);
      case 'wait':
        settle('retrying');
        return wakeup.wait(step.ms);
      case 'rest':
        settle(failure === undefined ? 'idle' : 'failed');
        return rest();
    }
  }

  /** Until there is news; meanwhile what releases dropped goes when its time has come. */
  async function rest(): Promise<void> {
    const now = options.now();
    try {
      const due = await runDueDeletes(archive.to, options.agent.name, now);
      const ms = due === undefined ? undefined : Math.max(0, due.getTime() - now.getTime());
      await wakeup.wait(ms);
    } catch (error) {
      await onNews({ type: 'not-deleted', reason: messageOf(error) });
      await wakeup.wait(DELETES_AGAIN_MS);
    }
  }

  function settle(next: ConvergerStatus['state']): void {
    state = next;
    const told = waiting;
    waiting = [];
    for (const resolve of told) resolve(last);
    last = undefined;
  }

  async function syncOnce(): Promise<void> {
    if (signal.aborted) return;
    state = 'syncing';
    const asked = request;
    request = undefined;
    const heard = via;
    await onNews({ type: 'syncing', goal, via: heard, attempt: failures + 1 });
    const claims = createClaims(heard, asked?.serial);
    const result = await runSync({
      archive,
      agent: options.agent,
      goal: () => goal,
      acceptHead: options.acceptHead,
      mayCommit: options.mayCommit,
      delay: (ms) => heardOf.wait(ms),
      via: heard,
      stateDir: options.stateDir,
      now: options.now,
      signal,
      onEvent: claims.onEvent,
    }).catch(asFailure);
    last = result;
    await claims.taken();
    if (signal.aborted && result.kind === 'failed') return;
    if (result.kind === 'committed') await claims.claim(result);
    staged = result.kind === 'staged' ? result.head : undefined;
    const failed = result.kind === 'committed' ? result.unfinished : result;
    if (failed === undefined || failed.kind === 'staged') {
      failures = 0;
      failure = undefined;
      if (staged !== undefined) await onNews({ type: 'waits', signed: staged });
      return;
    }
    // Nothing but a sync that succeeds takes back what was asked for.
    request ??= result.kind === 'failed' ? asked : undefined;
    await fail(failed, heard);
  }

  async function fail(failed: SyncFailed, heard: Via): Promise<void> {
    failures += 1;
    const at = options.now();
    const pause = pauseAfter(failures, options.random);
    const retry = failed.retry ? { retryAt: new Date(at.getTime() + pause) } : {};
    failure = { at, reason: failed.reason, ...retry };
    await onNews({
      type: 'failed',
      goal,
      via: heard,
      failure: failed,
      ...retry,
      attempt: failures,
    });
  }

  /** Takes in what a sync says while it runs, in order; runSync itself does not wait for us. */
  function createClaims(heard: Via, serialAsked: string | undefined) {
    let chain: Promise<void> = Promise.resolve();
    let claimed: { head: SignedHead | undefined; serial: number | undefined } | undefined;
    const enqueue = (work: () => void | Promise<void>) => {
      chain = chain.then(work);
    };
    const claim = async (one: { head?: SignedHead; serial?: number } & Cost) => {
      if (claimed !== undefined && isSameClaim(claimed, one)) return;
      const serial = one.serial === undefined ? serialAsked : String(one.serial);
      const now: Committed = {
        ...(one.head === undefined ? {} : { signed: one.head }),
        ...(serial === undefined ? {} : { serial }),
        at: options.now(),
        bytes: one.bytes,
        seconds: one.seconds,
      };
      await options.committed.write(archive.name, now);
      committed = now;
      claimed = { head: one.head, serial: one.serial };
      await onNews({ type: 'committed', committed: now, via: heard });
    };
    return {
      claim,
      taken: () => chain,
      onEvent(event: SyncEvent) {
        if ('upstream' in event && event.type === 'syncing') upstream = event.upstream;
        enqueue(() => onNews({ type: 'event', event }));
        if (event.type === 'staged') {
          const { head, bytes, seconds } = event;
          enqueue(() => onNews({ type: 'staged', head, via: heard, bytes, seconds }));
        }
        if (event.type === 'claimed') enqueue(() => claim(event));
      },
    };
  }

  /** The heartbeat: a head of the release that the tree is at, with a later time. */
  async function renew(signed: SignedHead): Promise<void> {
    if (committed === undefined) return;
    await writeTreeFile(archive.to, HEAD_PATH, signed.bytes);
    const renewed = { ...committed, signed };
    await options.committed.write(archive.name, renewed);
    committed = renewed;
    await onNews({ type: 'renewed', signed });
  }

  return {
    ended,
    aim(signed, heard) {
      const comparison = compareHeads(goal, signed);
      if (comparison !== 'first' && comparison !== 'newer' && comparison !== 'refresh') return;
      goal = signed;
      if (comparison !== 'refresh') news(heard);
      wakeup.wake();
    },
    request(heard, serial) {
      request = serial === undefined ? {} : { serial };
      news(heard);
      wakeup.wake();
    },
    retry(heard) {
      news(heard);
      // Whoever may push could else keep us at it without a pause.
      if (failure !== undefined && heard !== 'manual') {
        const earliest = failure.at.getTime() + SHORTEST_RETRY_MS;
        const retryAt = new Date(Math.max(earliest, options.now().getTime()));
        failure = { ...failure, retryAt };
      }
      wakeup.wake();
    },
    reconsider: () => wakeup.wake(),
    restage() {
      staged = undefined;
      wakeup.wake();
    },
    settled: () =>
      new Promise((resolve) => {
        waiting.push(resolve);
        wakeup.wake();
      }),
    status: () => ({
      state,
      failures,
      ...(goal === undefined ? {} : { goal }),
      ...(committed === undefined ? {} : { committed }),
      ...(staged === undefined ? {} : { staged }),
      ...(failure === undefined ? {} : { lastFailure: failure }),
      ...(upstream === undefined ? {} : { upstream }),
    }),
  };

  /** With news, what failed before is worth another attempt at once. */
  function news(heard: Via): void {
    via = heard;
    heardOf.wake();
    failure &&= { ...failure, retryAt: options.now() };
  }
}

interface Cost {
  bytes: number;
  seconds: number;
}

function isSameClaim(
  a: { head?: SignedHead | undefined; serial?: number | undefined },
  b: { head?: SignedHead | undefined; serial?: number | undefined },
): boolean {
  if (a.head === undefined || b.head === undefined) {
    return a.head === b.head && a.serial === b.serial;
  }
  return a.head.bytes.equals(b.head.bytes);
}

/** runSync gives its failures as results; what it throws is a fault of ours, or a full disk. */
function asFailure(error: unknown): SyncFailed {
  return { kind: 'failed', reason: messageOf(error), retry: true };
}
