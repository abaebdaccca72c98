import { lockFolder } from '@pushmirror/host';
import { compareHeads, receive, type Peer, type Reply, type SignedHead } from '@pushmirror/trigger';
import pLimit from 'p-limit';
import { startArchive, type Archive } from './archive.ts';
import { createAudit } from './audit.ts';
import { createAuditor } from './auditor.ts';
import { createCommittedStore } from './committed.ts';
import type { ControlRequest, SyncLine } from './control-protocol.ts';
import { openDoors } from './doors.ts';
import { AgentError } from './errors.ts';
import { createInbox } from './inbox.ts';
import type { Logger } from './log.ts';
import { createMasterClient } from './master-client.ts';
import { createNewsDesk } from './news-desk.ts';
import { openOutbox } from './outbox.ts';
import { createReceiver } from './receiver.ts';
import { openHub, type Hub } from './relay/hub.ts';
import { createReporter } from './report.ts';
import type { Settings } from './settings.ts';
import { openSigners } from './signers.ts';
import { prepareState, statePaths } from './state/paths.ts';
import { watchFolder } from './state/watch-folder.ts';
import type { AgentStatus } from './status.ts';
import { syncNow } from './sync-operation.ts';

/** A running agent. */
export interface Agent {
  receive(command: string, peer: Peer): Promise<Reply>;
  sync(
    asked: { archive?: string | undefined; force: boolean },
    send: (line: SyncLine) => void,
    signal: AbortSignal,
  ): Promise<void>;
  status(): AgentStatus;
  /** Stop everything, rsync first; a few seconds at most. */
  destroy(): Promise<void>;
}

export interface AgentOptions {
  settings: Settings;
  log: Logger;
  now: () => Date;
  random: () => number;
  /**
   * `serve`: the daemon, with all its doors. `once`: only what a single `sync` needs; what is left
   * to relay or report stays on disk for the daemon.
   */
  mode: 'serve' | 'once';
}

const REPORT_GRACE_MS = 2_000;

/**
 * Put the agent together and start it.
 *
 * @throws AgentError `already-running`, `port-in-use`, `config`, `state`; HostError for secrets.
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const stopping = new AbortController();
  /** What to undo, last first. */
  const undo: (() => unknown)[] = [];
  const destroy = async () => {
    stopping.abort();
    for (const step of undo.splice(0).toReversed()) await step();
  };
  try {
    return await compose(options, stopping.signal, undo, destroy);
  } catch (error) {
    await destroy();
    throw error;
  }
}

async function compose(
  { settings, log, now, random, mode }: AgentOptions,
  signal: AbortSignal,
  undo: (() => unknown)[],
  destroy: () => Promise<void>,
): Promise<Agent> {
  const { config } = settings;
  const paths = statePaths(config.state);
  await prepareState(paths);
  const lock = lockFolder(paths.root);
  if (lock === undefined) {
    const message = `Another mirror-agent is at work on ${paths.root}. Stop it, or give this one a state folder of its own.`;
    throw new AgentError('already-running', message);
  }
  undo.push(() => lock.release());

  const onCorrupt = (file: string, reason: string) =>
    log.warn({ file, reason }, 'a state file was corrupt and was moved aside');
  const inbox = createInbox(paths.inbox, onCorrupt);
  const outbox = await openOutbox({
    path: paths.outbox,
    onCorrupt,
    onProblem: (error) => log.error({ err: error }, 'a report could not be kept on disk'),
  });
  const httpEnd = new AbortController();
  const master =
    config.master === undefined
      ? undefined
      : createMasterClient({
          url: config.master.url,
          tokenFile: config.master.token_file,
          signal: httpEnd.signal,
        });
  let hub: Hub | undefined;
  const reporter = createReporter({
    outbox,
    master,
    random,
    onDownstreams: (digest) => {
      if (mode === 'serve') void hub?.refresh(digest);
    },
    onProblem: (reason) => log.warn(reason),
  });
  undo.push(async () => {
    await reporter.close(REPORT_GRACE_MS);
    httpEnd.abort();
  });

  const archives = new Map<string, Archive>();
  const desk = createNewsDesk({
    agent: config,
    report: reporter.report,
    relayOf: (archive) => relayOf(archive),
    log,
    now,
    signal,
  });
  const opened = await openHub({
    config,
    paths,
    master,
    sends: mode === 'serve',
    report: desk.onPush,
    onCorrupt,
    log,
    now,
    random,
    signal,
  });
  hub = opened;
  const { relayOf } = opened;
  undo.push(() => opened.close());
  const audit = createAudit(paths.audit);
  const receiver = createReceiver({
    settings,
    signers: openSigners(config.allowed_signers, (reason) => log.error(reason)),
    inbox,
    async onOffered(signed, offered, peer) {
      const via = 'upstream' in peer ? 'poll' : 'push';
      aim(signed, via);
      if (offered === 'first' || offered === 'newer') await desk.onAccepted(signed, via);
    },
    hint: async (archive) => archives.get(archive)?.hint() ?? 'busy',
    audit: createAuditor({
      audit,
      log,
      report: reporter.report,
      epochOf: (archive) => archives.get(archive)?.converger.status().goal?.head.epoch ?? 1,
    }),
    now,
  });

  function aim(signed: SignedHead, via: 'push' | 'poll'): void {
    archives.get(signed.head.archive)?.converger.aim(signed, via);
  }

  const inTurn = pLimit(config.concurrency);
  const committed = createCommittedStore(paths.committed, onCorrupt);
  for (const one of config.archive) {
    const { name: archive } = one;
    archives.set(
      archive,
      await startArchive({
        config: one,
        agent: config,
        stateDir: paths.sync,
        receiver,
        committed,
        goal: undefined,
        master,
        relay: relayOf(archive),
        inTurn,
        onNews: (news) => desk.onArchive(one, news),
        onPolled(result) {
          log[result.kind === 'failed' || result.kind === 'refused' ? 'warn' : 'debug'](
            { archive, ...result },
            `poll: ${result.kind}`,
          );
        },
        onAhead({ serial, since }, again) {
          if (!again) return;
          const text = 'the master is at a serial that the upstream has not shown';
          log.warn({ archive, serial, since, upstream: one.upstream }, text);
        },
        random,
        signal,
      }),
    );
  }
  undo.push(async () => {
    await Promise.all([...archives.values()].map((archive) => archive.ended()));
    await desk.close();
  });

  const doors =
    mode === 'serve'
      ? await openDoors({ settings, paths, receiver, audit, handle, log, now, undo })
      : undefined;

  // From here on a forced command finds us, or its head is in the inbox already.
  await readInbox();
  if (mode === 'serve') {
    undo.push(watchFolder(paths.inbox, readInbox, (error) => log.warn({ err: error }, 'inbox')));
    const hubStarted = startHub();
    undo.push(() => hubStarted);
    for (const archive of archives.values()) archive.startPolling();
  }

  /** Heads that a forced command has left there while we were down or starting. */
  async function readInbox(): Promise<void> {
    for (const [name, { converger }] of archives) {
      const found = await inbox.head(name);
      const { goal, committed: at } = converger.status();
      if (found === undefined || !isNews(goal, found)) continue;
      aim(found, 'push');
      if (isNews(at?.signed, found)) await desk.onAccepted(found, 'push');
    }
  }

  /** Pushes that were not done when we last ended go on; those of a commit in between begin. */
  async function startHub(): Promise<void> {
    await opened.start();
    for (const { converger, relay } of archives.values()) {
      const { committed: at } = converger.status();
      if (at?.signed !== undefined) await relay.announce(at.signed);
    }
  }

  async function handle(
    request: ControlRequest,
    send: (line: object) => void,
    gone: AbortSignal,
  ): Promise<void> {
    switch (request.op) {
      case 'trigger': {
        const { mirror, from } = request.peer;
        const peer: Peer = { mirror, ...(from === undefined ? {} : { from }) };
        return send(await receive(request.command, peer, receiver));
      }
      case 'status':
        return send(agent.status());
      case 'sync':
        return agent.sync(request, send, gone);
    }
  }

  const agent: Agent = {
    receive: (command, peer) => receive(command, peer, receiver),
    async sync(asked, send, gone) {
      const chosen = [...archives.values()].filter(
        ({ config: { name } }) => asked.archive === undefined || name === asked.archive,
      );
      if (chosen.length === 0) throw unknownArchive(asked.archive, archives.keys());
      await syncNow({ archives: chosen, force: asked.force, desk, send, signal: gone });
    },
    status: () => ({
      mirror: config.name,
      network: config.network,
      running: mode === 'serve',
      archives: [...archives.values()].map((archive) => archive.status()),
      downstreams: opened.downstreams(),
      reports: reporter.status(),
      ...doors?.status(),
    }),
    destroy,
  };
  return agent;
}

function isNews(known: SignedHead | undefined, found: SignedHead): boolean {
  const comparison = compareHeads(known, found);
  return comparison === 'first' || comparison === 'newer';
}

function unknownArchive(name: string | undefined, known: Iterable<string>): AgentError {
  const list = [...known].join(', ');
  return new AgentError('usage', `This mirror does not carry ${name}. It carries: ${list}.`);
}
