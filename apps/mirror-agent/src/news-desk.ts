import type { SignedHead } from '@pushmirror/trigger';
import type { AgentConfig, ArchiveConfig } from './config.ts';
import type { ArchiveNews, Via } from './converge/news.ts';
import type { Logger } from './log.ts';
import type { News } from './outbox.ts';
import type { Push } from './relay/relay-file.ts';
import type { Relay } from './relay/relay.ts';
import type { Phase } from './relay/word.ts';
import { runHook } from './sync/hooks.ts';
import { until } from './until.ts';

/** Whoever wants to know what happens to an archive while it happens. */
export type Listener = (archive: string, news: ArchiveNews) => void;

/** Where all news of this mirror comes in: it is logged, reported, relayed and shown. */
export interface NewsDesk {
  onArchive(archive: ArchiveConfig, news: ArchiveNews): Promise<void>;
  onPush(signed: SignedHead, push: Push): Promise<void>;
  onAccepted(signed: SignedHead, via: Via): Promise<void>;
  listen(listener: Listener): () => void;
  /** Resolves when hooks that run beside have ended. */
  close(): Promise<void>;
}

export interface NewsDeskOptions {
  agent: AgentConfig;
  report: (news: News) => Promise<void>;
  /** Let the reports that there are leave now. */
  hurry: () => void;
  relayOf: (archive: string) => Relay;
  log: Logger;
  now: () => Date;
  signal: AbortSignal;
}

const MOST_LINES = 20;
const LONGEST_TEXT = 2_000;

export function createNewsDesk(options: NewsDeskOptions): NewsDesk {
  const { log, now, signal } = options;
  const listeners = new Set<Listener>();
  const beside = new Set<Promise<unknown>>();

  async function onArchive(archive: ArchiveConfig, news: ArchiveNews): Promise<void> {
    logNews(log, archive.name, news);
    for (const listener of listeners) listener(archive.name, news);
    const report = reportOf(news);
    if (report !== undefined) await send(report.signed, report.news);
    if (news.type === 'renewed') await announce(archive, news.signed, 'committed');
    if (news.type === 'waits') {
      options.hurry(); // The commit of all may wait for this one.
      await announce(archive, news.signed, 'staged');
    }
    // Beside our own commit: those below switch at the same moment.
    if (news.type === 'committing') runBeside(announce(archive, news.signed, 'committing'));
    if (news.type === 'committed' && news.committed.signed !== undefined) {
      await relay(archive, news.committed.signed, news.via);
    }
  }

  async function relay(archive: ArchiveConfig, signed: SignedHead, via: Via): Promise<void> {
    const announced = await announce(archive, signed, 'committed');
    if (announced === undefined || announced.downstreams === 0) return;
    runBeside(hook5(archive, signed, via, announced.tried));
  }

  /** Pass the head on. What stands in the way of that does not undo what we have done ourselves. */
  async function announce(archive: ArchiveConfig, signed: SignedHead, phase: Phase) {
    try {
      return await options.relayOf(archive.name).announce(signed, phase);
    } catch (error) {
      log.error({ archive: archive.name, err: error }, 'the head could not be relayed');
      return undefined;
    }
  }

  async function hook5(
    archive: ArchiveConfig,
    signed: SignedHead,
    via: Via,
    tried: Promise<void>,
  ): Promise<void> {
    await until(tried, signal);
    if (signal.aborted) return;
    const mirror = options.agent.name;
    const onEvent = (event: Parameters<Parameters<typeof runHook>[0]['onEvent']>[0]) =>
      logNews(log, archive.name, { type: 'event', event });
    await runHook({ hook: 'hook5', archive, mirror, via, head: signed, signal, onEvent });
  }

  function runBeside(work: Promise<unknown>): void {
    const tracked: Promise<unknown> = work
      .catch((error: unknown) => log.error({ err: error }, 'hook5 failed'))
      .finally(() => beside.delete(tracked));
    beside.add(tracked);
  }

  async function send(signed: SignedHead, news: Omit<News, Known>): Promise<void> {
    const { archive, epoch, serial } = signed.head;
    await options.report({ at: now().toISOString(), archive, epoch, serial, ...news });
  }

  return {
    onArchive,
    onPush: (signed, { mirror, state, attempts, reason }) =>
      send(signed, { event: 'push', mirror, state, attempts, ...optionalReason(reason) }),
    onAccepted: (signed, via) => send(signed, { event: 'accepted', via }),
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async close() {
      await Promise.all(beside);
    },
  };
}

type Known = 'at' | 'archive' | 'epoch' | 'serial';

/** What the master is told; nothing where there is no head, since it knows releases by their heads. */
function reportOf(news: ArchiveNews): { signed: SignedHead; news: Omit<News, Known> } | undefined {
  switch (news.type) {
    case 'syncing':
      return news.goal && { signed: news.goal, news: { event: 'syncing', via: news.via } };
    case 'staged': {
      const { head, via, bytes, seconds } = news;
      return head && { signed: head, news: { event: 'staged', via, bytes, seconds } };
    }
    case 'committed': {
      const { signed, bytes, seconds } = news.committed;
      return signed && { signed, news: { event: 'committed', via: news.via, bytes, seconds } };
    }
    case 'failed': {
      const { goal, via, failure, retryAt } = news;
      const { rsync } = failure;
      const lines = rsync?.lines.slice(-MOST_LINES).map((line) => line.slice(0, LONGEST_TEXT));
      return (
        goal && {
          signed: goal,
          news: {
            event: 'failed',
            via,
            ...optionalReason(failure.reason),
            ...(rsync === undefined ? {} : { rsync: { code: rsync.code, lines: lines ?? [] } }),
            ...(retryAt === undefined ? {} : { retryAt: retryAt.toISOString() }),
          },
        }
      );
    }
    case 'event':
    case 'waits':
    case 'committing':
    case 'not-deleted':
    case 'renewed':
      return undefined;
  }
}

function optionalReason(reason: string | undefined): { reason?: string } {
  return reason === undefined ? {} : { reason: reason.slice(0, LONGEST_TEXT) };
}

function logNews(log: Logger, archive: string, news: ArchiveNews): void {
  switch (news.type) {
    case 'syncing': {
      const { goal, via, attempt } = news;
      return log.info({ archive, serial: goal?.head.serial, via, attempt }, 'a sync begins');
    }
    case 'event': {
      const { type, ...event } = news.event;
      if (type === 'progress' || type === 'staged' || type === 'claimed') return;
      const head = 'head' in event ? event.head : undefined;
      const fields = { ...event, head: undefined, serial: head?.head.serial };
      return log[type === 'syncing' ? 'debug' : 'info']({ archive, ...fields }, `sync: ${type}`);
    }
    case 'staged': {
      const { head, bytes, seconds } = news;
      const fields = { archive, serial: head?.head.serial, stage: 1, bytes, seconds };
      return log.info(fields, 'stage 1 is done');
    }
    case 'waits':
      return log.info(
        { archive, serial: news.signed.head.serial },
        'staged; it waits for the commit',
      );
    case 'committing':
      return log.info({ archive, serial: news.signed.head.serial }, 'it may be committed now');
    case 'committed': {
      const { signed, serial, bytes, seconds } = news.committed;
      const fields = { archive, serial: signed?.head.serial ?? serial, bytes, seconds };
      return log.info(fields, 'the tree is at this serial');
    }
    case 'failed': {
      const { goal, failure, attempt, retryAt } = news;
      const fields = { archive, serial: goal?.head.serial, attempt, retryAt, rsync: failure.rsync };
      return log.error(fields, failure.reason);
    }
    case 'not-deleted':
      return log.error({ archive }, `what releases dropped cannot be deleted: ${news.reason}`);
    case 'renewed':
      return log.info({ archive, serial: news.signed.head.serial }, 'the head was issued again');
  }
}
