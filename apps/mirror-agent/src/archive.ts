import { parseHead, takeHead, type Receiver } from '@pushmirror/trigger';
import type { CommittedStore } from './committed.ts';
import type { AgentConfig, ArchiveConfig } from './config.ts';
import { startConverger, type Converger } from './converge/converge.ts';
import type { ArchiveNews } from './converge/news.ts';
import { messageOf } from './errors.ts';
import { callBack } from './front-door/callback.ts';
import { lookForNews, type LookResult, type MayPull, type PolledPeer } from './front-door/look.ts';
import { startPoller, type Poller, type PollVia } from './front-door/poll.ts';
import { createStagedPushes } from './front-door/staged-pushes.ts';
import { createMasterHead, type MasterHead, type Withheld } from './master-head.ts';
import type { MasterClient } from './master-client.ts';
import { mayCommit, type Permission } from './permission.ts';
import type { Relay } from './relay/relay.ts';
import { runStage1 } from './sync/stage1.ts';
import { archiveStatus, type ArchiveStatus } from './status.ts';

/** One archive of this mirror: what keeps it at its goal, and what asks for news of it. */
export interface Archive {
  config: ArchiveConfig;
  converger: Converger;
  relay: Relay;
  /** What may be committed from now on. */
  permit(permission: Permission): void;
  permission(): Permission;
  /** Ask the upstream now. */
  ask(via: PollVia): Promise<LookResult>;
  /** Ask the upstream soon; call back when that has led to a sync that succeeded. */
  hint(callback: boolean): 'accepted' | 'duplicate';
  /** A stock push for one stage; resolves when that is done. */
  hintStage(
    stage: 'stage1' | 'stage2',
    more: { mhop: boolean; callback: boolean },
  ): Promise<'accepted' | 'busy'>;
  /** Begin to poll: at once, then on the schedule. */
  startPolling(): void;
  status(): ArchiveStatus;
  /** Resolves when all its loops have ended, after the signal aborted. */
  ended(): Promise<void>;
}

export interface ArchiveOptions {
  config: ArchiveConfig;
  agent: AgentConfig;
  stateDir: string;
  /** What may be committed, as the inbox says. */
  permission: Permission;
  receiver: Receiver;
  committed: CommittedStore;
  master: MasterClient | undefined;
  relay: Relay;
  inTurn: <T>(work: () => Promise<T>) => Promise<T>;
  onNews: (news: ArchiveNews) => void | Promise<void>;
  onPolled: (result: LookResult) => void;
  onAhead: (withheld: Withheld, again: boolean) => void;
  /** Somebody was called back; or why not. */
  onCalledBack: (reason: string | undefined) => void;
  random: () => number;
  signal: AbortSignal;
}

/** The master itself is asked once in so many polls. */
const POLLS_PER_MASTER_CHECK = 4;
/** Of these looks no sync follows. */
const FRUITLESS: ReadonlySet<LookResult['kind']> = new Set(['failed', 'refused', 'full']);

export async function startArchive(options: ArchiveOptions): Promise<Archive> {
  const { config, agent, receiver, signal, random, relay } = options;
  let lastPoll: { at: Date; result: LookResult } | undefined;
  let { permission } = options;
  let poller: Poller<LookResult> | undefined;
  let callbackDue = false;
  const converger = await startConverger({
    archive: config,
    agent,
    stateDir: options.stateDir,
    committed: options.committed,
    acceptHead,
    mayCommit: (signed) => mayCommit(signed, permission),
    inTurn: options.inTurn,
    onNews(news) {
      // It may have become public while it was being staged.
      if (news.type === 'waits') void poller?.ask('hint').catch(() => {});
      return options.onNews(news);
    },
    now: () => receiver.now(),
    random,
    signal,
  });
  const pushes = createStagedPushes({
    run: (stage) => doStage(stage).catch(() => false),
    areBelowDone() {
      const { waiting, sending } = relay.status()?.states ?? {};
      return (waiting ?? 0) + (sending ?? 0) === 0;
    },
    clock: () => performance.now(),
    signal,
  });
  const masterHead = options.master === undefined ? undefined : watchMaster(options.master);

  /** A sync comes across a head at an upstream: it is judged like one that was polled. */
  async function acceptHead(bytes: Buffer) {
    const peer: PolledPeer = { upstream: converger.status().upstream ?? config.upstream };
    const reply = await takeHead({ bytes, via: 'poll', peer, archive: config.name }, receiver);
    if (reply.result === 'accepted' || reply.result === 'duplicate') {
      return { accepted: true, signed: parseHead(bytes) } as const;
    }
    return { accepted: false, reason: reply.reason ?? reply.result } as const;
  }

  async function look(via: PollVia): Promise<LookResult> {
    const result = await lookForNews(
      {
        archive: config,
        mirror: agent.name,
        stateDir: options.stateDir,
        receiver,
        mayPull,
        committed: () => converger.status().committed,
        hasGoal: () => converger.status().goal !== undefined,
        headsExpected: options.master !== undefined,
        stage: pushes.stage(),
        signal,
      },
      via,
    );
    if (signal.aborted) return result;
    lastPoll = { at: receiver.now(), result };
    options.onPolled(result);
    if (result.kind === 'headless' && result.sync) converger.request(via, result.serial);
    if (via === 'hint' && callbackDue) {
      callbackDue = false;
      if (!FRUITLESS.has(result.kind)) void callBackWhenSettled();
    }
    if (via === 'poll') {
      masterHead?.check().catch((error: unknown) => {
        options.onPolled({ kind: 'failed', reason: messageOf(error) });
      });
    }
    return result;
  }

  async function doStage(stage: 'stage1' | 'stage2'): Promise<boolean> {
    const found = await (poller?.ask('hint') ?? look('hint'));
    if (FRUITLESS.has(found.kind)) return false;
    if (found.kind === 'headless') {
      if (stage === 'stage1') return stageClassic();
      converger.request('hint', found.serial);
    }
    const ended = await converger.settled();
    if (ended?.kind === 'failed') return false;
    return stage === 'stage1' || converger.status().state === 'idle';
  }

  async function callBackWhenSettled(): Promise<void> {
    const ended = await converger.settled();
    if (ended?.kind !== 'failed') await tellUpstream();
  }

  async function tellUpstream(): Promise<void> {
    const { callback } = config;
    const reason =
      callback === undefined
        ? 'a push asks for a call back, and [archive.callback] does not say whom to call'
        : await callBack(callback, agent.name, signal).catch(messageOf);
    if (!signal.aborted) options.onCalledBack(reason);
  }

  /** Not while a sync is under way: that one would be in the way. */
  async function stageClassic(): Promise<boolean> {
    if (['queued', 'syncing'].includes(converger.status().state)) await converger.settled();
    const failed = await options.inTurn(() =>
      runStage1({
        archive: config,
        agent,
        goal: () => converger.status().goal,
        via: 'hint',
        stateDir: options.stateDir,
        now: () => receiver.now(),
        signal,
        onEvent: (event) => void options.onNews({ type: 'event', event }),
      }),
    );
    if (failed !== undefined) options.onPolled(failed);
    return failed === undefined;
  }

  async function mayPull(serial: number): Promise<MayPull> {
    const answer = await options.master?.mayPull(config.name, serial);
    return answer?.kind === 'ok' ? answer.value : { go: true };
  }

  function watchMaster(master: MasterClient): MasterHead {
    return createMasterHead({
      archive: config.name,
      master,
      receiver,
      goal: () => converger.status().goal,
      everyMs: config.poll.every * POLLS_PER_MASTER_CHECK,
      onAhead(withheld, again) {
        poller?.hint(); // Perhaps the upstream has it by now.
        options.onAhead(withheld, again);
      },
    });
  }

  return {
    config,
    converger,
    relay,
    permit(now) {
      permission = now;
      converger.reconsider();
    },
    permission: () => permission,
    ask: (via) => poller?.ask(via) ?? look(via),
    hint(callback) {
      callbackDue ||= callback;
      return poller?.hint() ?? 'accepted';
    },
    async hintStage(stage, { mhop, callback }) {
      const result = await pushes.take(stage, mhop);
      if (callback && result === 'accepted') void tellUpstream();
      return result;
    },
    startPolling() {
      poller = startPoller({
        look,
        everyMs: config.poll.every,
        jitterMs: config.poll.jitter,
        soonerMs: (result) =>
          result.kind === 'full' ? result.retryAfter * 1000 * (1 + random() / 4) : undefined,
        random,
        clock: () => performance.now(),
        signal,
      });
    },
    status() {
      const { state, goal, committed, staged, lastFailure, upstream } = converger.status();
      return archiveStatus({
        archive: config.name,
        upstream: upstream ?? config.upstream,
        state,
        goal,
        committed,
        staged,
        hold: permission.hold,
        lastFailure,
        lastPoll,
        withheld: masterHead?.withheld(),
        relay: relay.status(),
      });
    },
    async ended() {
      await Promise.all([converger.ended, poller?.ended]);
    },
  };
}
