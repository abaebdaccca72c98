import { parseCidr } from '@pushmirror/acl';
import { lockFolder } from '@pushmirror/host';
import { createGuard, createResolve } from '@pushmirror/net';
import { compareHeads, type Peer, type Reply, type SignedHead } from '@pushmirror/trigger';
import type { SyncLine } from './control-protocol.ts';
import type { ControlOptions } from './control.ts';
import { openCore, type Core } from './core.ts';
import { openDoors, type Doors } from './doors.ts';
import { AgentError } from './errors.ts';
import { createReceive } from './front-door/receive-anew.ts';
import type { Logger } from './log.ts';
import type { Settings } from './settings.ts';
import { prepareState, statePaths, sweepScratch } from './state/paths.ts';
import { watchFolder } from './state/watch-folder.ts';
import type { AgentStatus } from './status.ts';
import { syncNow } from './sync-operation.ts';
import { serveAsVantage } from './vantage.ts';

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
    for (const step of undo.splice(0).toReversed()) {
      try {
        await step();
      } catch (error) {
        options.log.error({ err: error }, 'a part of the agent did not stop cleanly');
      }
    }
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
  await sweepScratch(paths.sync);

  const serves = mode === 'serve';
  const core = await openCore({ settings, paths, sends: serves, log, now, random, signal, undo });
  const { archives, receiver } = core;
  let doors: Doors | undefined;
  const agent: Agent = {
    receive: createReceive(receiver, core.access.refresh),
    async sync({ archive, force }, send, gone) {
      const chosen = archive === undefined ? [...archives.values()] : [archives.get(archive)];
      const known = chosen.filter((one) => one !== undefined);
      if (known.length === 0) throw unknownArchive(archive, archives.keys());
      await syncNow({ archives: known, force, desk: core.desk, send, signal: gone });
    },
    status: () => ({
      mirror: config.name,
      network: config.network,
      running: serves,
      archives: [...archives.values()].map((one) => one.status()),
      downstreams: core.hub.downstreams(),
      reports: core.reporter.status(),
      ...doors?.status(),
    }),
    destroy,
  };

  if (serves) {
    const { audit } = core;
    const handle = answerWith(agent);
    doors = await openDoors({
      settings,
      paths,
      receive: agent.receive,
      access: core.access,
      audit,
      handle,
      log,
      now,
      undo,
    });
    undo.push(await core.inbox.keepLocked());
  }
  // The doors are open while the master is asked, which may take as long as it is away.
  await core.access.refresh(); // Else the first sync could come without its secret.
  if (serves) core.access.start();
  // From here on a forced command finds us, or its head is in the inbox already.
  await readInbox(core, true);
  if (!serves) return agent;

  const onError = (err: unknown) => log.error({ err }, 'the inbox or the relay has a fault');
  undo.push(watchFolder(paths.inbox, () => readInbox(core, false), onError));
  const relaying = startRelaying(core).catch(onError);
  undo.push(() => relaying);
  for (const archive of archives.values()) archive.startPolling();
  const looking = lookAtOthers(config, core, { log, now, random, signal });
  undo.push(() => looking);
  return agent;
}

/** As another vantage point, where this mirror is willing. */
async function lookAtOthers(
  { vantage }: Settings['config'],
  { master }: Pick<Core, 'master'>,
  o: Pick<AgentOptions, 'log' | 'now' | 'random'> & { signal: AbortSignal },
): Promise<void> {
  if (vantage === undefined || master === undefined) return;
  const guard = createGuard({
    resolve: createResolve({ servers: vantage.name_servers }),
    allow: vantage.allow_addresses.map(parseCidr),
  });
  await serveAsVantage({
    master,
    guard,
    deadlineMs: vantage.deadline,
    concurrency: vantage.concurrency,
    now: o.now,
    random: o.random,
    onProblem: (reason) => o.log.warn({ reason }, 'other mirrors were not looked at'),
    signal: o.signal,
  }).catch((err: unknown) => o.log.error({ err }, 'no more mirrors are looked at from here'));
}

const NOTHING = Buffer.alloc(0);

/** Heads, words and holds that a forced command has left there while we were down or starting. */
async function readInbox({ archives, inbox, arrivals, desk }: Core, first: boolean): Promise<void> {
  for (const [name, archive] of archives) {
    const { converger } = archive;
    const permission = await inbox.permission(name);
    const { hold } = permission;
    const isKnown = !first && hold?.bytes.equals(archive.permission().hold?.bytes ?? NOTHING);
    archive.permit(permission);
    if (hold !== undefined && isKnown !== true) await arrivals.onHold(hold, permission);
    const found = await inbox.head(name);
    const { goal, committed } = converger.status();
    if (found === undefined || !isNews(goal, found)) continue;
    converger.aim(found, 'push');
    if (isNews(committed?.signed, found)) await desk.onAccepted(found, 'push');
  }
}

/**
 * Pushes that were not done when we last ended go on, and those of a commit in between begin: by
 * our own list of downstreams first, since the master may be away.
 */
async function startRelaying({ archives, hub }: Core): Promise<void> {
  for (const { converger, relay } of archives.values()) {
    const { committed } = converger.status();
    if (committed?.signed !== undefined) await relay.announce(committed.signed, 'committed');
  }
  await hub.start();
}

/** What is asked at the control socket. */
function answerWith(agent: Agent): ControlOptions['handle'] {
  return async (request, send, gone) => {
    switch (request.op) {
      case 'trigger': {
        const { mirror, from } = request.peer;
        const peer: Peer = { mirror, ...(from === undefined ? {} : { from }) };
        return send(await agent.receive(request.command, peer));
      }
      case 'status':
        return send(agent.status());
      case 'sync':
        return agent.sync(request, send, gone);
    }
  };
}

function isNews(known: SignedHead | undefined, found: SignedHead): boolean {
  const comparison = compareHeads(known, found);
  return comparison === 'first' || comparison === 'newer';
}

function unknownArchive(name: string | undefined, known: Iterable<string>): AgentError {
  const list = [...known].join(', ');
  return new AgentError('usage', `This mirror does not carry ${name}. It carries: ${list}.`);
}
