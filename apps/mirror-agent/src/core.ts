import { holdCovers, stageIn, type Receiver } from '@pushmirror/trigger';
import { splitSigners } from '@pushmirror/trigger/head/signers';
import pLimit from 'p-limit';
import { openLocalAccess, type LocalAccess } from './access/local.ts';
import { startArchive, type Archive } from './archive.ts';
import { createArrivals, type Arrivals } from './arrivals.ts';
import { createAudit, type Audit } from './audit.ts';
import { createAuditor } from './auditor.ts';
import { createCommittedStore } from './committed.ts';
import type { AgentConfig } from './config.ts';
import { createInbox, type Inbox } from './inbox.ts';
import type { Logger } from './log.ts';
import { createMasterClient, type MasterClient } from './master-client.ts';
import { createNewsDesk, type NewsDesk } from './news-desk.ts';
import { openOutbox } from './outbox.ts';
import { createReceiver } from './receiver.ts';
import { openHub, type Hub } from './relay/hub.ts';
import { createReporter, type Reporter } from './report.ts';
import type { Settings } from './settings.ts';
import { showSigners } from './show-signers.ts';
import { openSigners } from './signers.ts';
import type { StatePaths } from './state/paths.ts';
import type { OnCorrupt } from './state/read-json.ts';

/** The parts of an agent that know and do, without the doors through which others reach it. */
export interface Core {
  archives: ReadonlyMap<string, Archive>;
  inbox: Inbox;
  receiver: Receiver;
  arrivals: Arrivals;
  desk: NewsDesk;
  hub: Hub;
  reporter: Reporter;
  audit: Audit;
  access: LocalAccess;
  master: MasterClient | undefined;
}

export interface CoreOptions {
  settings: Settings;
  paths: StatePaths;
  /** Push to downstreams; else that is left on disk for the daemon. */
  sends: boolean;
  log: Logger;
  now: () => Date;
  random: () => number;
  signal: AbortSignal;
  /** Gets what ends each part, in the order in which they were begun. */
  undo: (() => unknown)[];
}

const REPORT_GRACE_MS = 2_000;

/** Read the state folder and put the parts together. The archives have no goals yet. */
export async function openCore(options: CoreOptions): Promise<Core> {
  const { settings, paths, sends, log, now, random, signal, undo } = options;
  const { config } = settings;
  const onCorrupt: OnCorrupt = (file, reason) =>
    log.warn({ file, reason }, 'a state file was corrupt and was moved aside');

  const outbox = await openOutbox({
    path: paths.outbox,
    onCorrupt,
    onProblem: (error) => log.error({ err: error }, 'a report could not be kept on disk'),
  });
  const http = new AbortController();
  const master = masterOf(config, http.signal);
  let hub: Hub | undefined;
  const reporter = createReporter({
    outbox,
    master,
    random,
    onDownstreams: (digest) => {
      if (sends) void hub?.refresh(digest);
    },
    onProblem: (reason) => log.warn(reason),
  });
  undo.push(async () => {
    await reporter.close(REPORT_GRACE_MS);
    http.abort();
  });

  const signers = openSigners({
    path: config.allowed_signers,
    learntPath: paths.signers,
    network: config.network,
    now,
    onProblem: (reason) => log.error(reason),
  });
  const learnSigners = async (texts: readonly Buffer[]) => {
    await signers.learn(texts);
    await showSigners(config.archive, signers.texts(), (error) => log.error({ err: error }));
  };
  const access = await openLocalAccess({
    settings,
    paths,
    onCorrupt,
    log,
    random,
    signal,
    onSigners: learnSigners,
    onDownstreams: (digest) => {
      if (sends) void hub?.refresh(digest);
    },
  });
  undo.push(() => access.ended());

  const desk = createNewsDesk({
    agent: config,
    report: reporter.report,
    hurry: reporter.hurry,
    relayOf: (archive) => opened.relayOf(archive),
    log,
    now,
    signal,
  });
  const archives = new Map<string, Archive>();
  const opened = await openHub({
    config,
    paths,
    master,
    sends,
    onCorrupt,
    log,
    now,
    random,
    signal,
    report: desk.onPush,
    isHeld: ({ head }) => holdCovers(archives.get(head.archive)?.permission().hold?.hold, head),
  });
  hub = opened;
  undo.push(() => opened.close());

  const arrivals = createArrivals({ archives, hub: opened, desk, log });
  const audit = createAudit(paths.audit);
  const inbox = createInbox(paths.inbox, onCorrupt);
  const goalOf = (archive: string) => archives.get(archive)?.converger.status().goal;
  const receiver = createReceiver({
    settings,
    rules: access.sources.rules,
    signers: signers.current,
    learnSigners: (bytes) => learnSigners(splitSigners(bytes)),
    inbox,
    ...arrivals,
    hint: async (name, words) => {
      const archive = archives.get(name);
      const stage = stageIn(words);
      const callback = words.has('callback');
      if (archive === undefined || stage === undefined) return archive?.hint(callback) ?? 'busy';
      return archive.hintStage(stage, { mhop: words.has('mhop'), callback });
    },
    audit: createAuditor({
      audit,
      log,
      report: reporter.report,
      epochOf: (archive) => goalOf(archive)?.head.epoch ?? 1,
    }),
    now,
  });

  undo.push(async () => {
    await Promise.all([...archives.values()].map((archive) => archive.ended()));
    await desk.close();
  });
  const shared = {
    agent: config,
    stateDir: paths.sync,
    receiver,
    committed: createCommittedStore(paths.committed, onCorrupt),
    master,
    inTurn: pLimit(config.concurrency),
    random,
    signal,
  };
  for (const each of config.archive) {
    const one = access.sources.following({ ...each, ...access.pullAs });
    const archive = await startArchive({
      ...shared,
      config: one,
      permission: await inbox.permission(one.name),
      relay: opened.relayOf(one.name),
      onNews: (news) => desk.onArchive(one, news),
      ...logging(log, one),
    });
    archives.set(one.name, archive);
  }
  return {
    archives,
    inbox,
    receiver,
    arrivals,
    desk,
    hub: opened,
    reporter,
    audit,
    access,
    master,
  };
}

function masterOf({ master }: AgentConfig, signal: AbortSignal): MasterClient | undefined {
  if (master === undefined) return undefined;
  return createMasterClient({ url: master.url, tokenFile: master.token_file, signal });
}

function logging(
  log: Logger,
  { name: archive, upstream }: AgentConfig['archive'][number],
): Pick<Parameters<typeof startArchive>[0], 'onPolled' | 'onAhead' | 'onCalledBack'> {
  return {
    onPolled(result) {
      const level = result.kind === 'failed' || result.kind === 'refused' ? 'warn' : 'debug';
      log[level]({ archive, ...result }, `poll: ${result.kind}`);
    },
    onAhead({ serial, since }, again) {
      if (!again) return;
      const text = 'the master is at a serial that the upstream has not shown';
      log.warn({ archive, serial, since, upstream }, text);
    },
    onCalledBack(reason) {
      if (reason === undefined) log.info({ archive }, 'called back, as it was asked for');
      else log.warn({ archive, reason }, 'not called back');
    },
  };
}
