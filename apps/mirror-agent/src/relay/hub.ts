import { createFanOut, createSsh2Sender, type SignedHead } from '@pushmirror/trigger';
import type { AgentConfig } from '../config.ts';
import { createWakeup } from '../converge/wakeup.ts';
import { openDownstreams } from '../downstreams.ts';
import type { Logger } from '../log.ts';
import type { MasterClient } from '../master-client.ts';
import type { StatePaths } from '../state/paths.ts';
import type { OnCorrupt } from '../state/read-json.ts';
import type { Push } from './relay-file.ts';
import { openRelay, readPushKey, type Relay } from './relay.ts';

/** All that makes a mirror a hub: whom it pushes to, and the pushes. */
export interface Hub {
  relayOf(archive: string): Relay;
  downstreams(): number;
  /** Ask the master for the list of downstreams, unless this digest says that ours is the same. */
  refresh(digest?: string): Promise<void>;
  /** Refresh now and on a schedule, until the signal aborts. */
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface HubOptions {
  config: AgentConfig;
  paths: StatePaths;
  master: MasterClient | undefined;
  /** Where false, nothing is sent: a daemon will do it later. */
  sends: boolean;
  report: (signed: SignedHead, push: Push) => Promise<void>;
  onCorrupt: OnCorrupt;
  log: Logger;
  now: () => Date;
  random: () => number;
  signal: AbortSignal;
}

const REFRESH_EVERY_MS = 10 * 60_000;

export async function openHub(options: HubOptions): Promise<Hub> {
  const { config, paths, log, now, random, signal } = options;
  const relays = new Map<string, Relay>();
  const warnOnce = createWarnOnce(log);
  const pushKey = options.sends ? config.push_key : undefined;
  const sender = pushKey === undefined ? undefined : createSsh2Sender({ privateKeyPath: pushKey });
  const fanOut =
    sender &&
    createFanOut({
      sender,
      random,
      now,
      onStateFailed: ({ target: { mirror } }, error) =>
        log.error({ mirror, err: error }, 'the state of a push could not be kept on disk'),
      async onState({ key }, change) {
        const about = readPushKey(key);
        const { archive, serial, mirror } = about;
        const { state, attempts: attempt, reason } = change;
        log.info({ archive, serial, mirror, attempt, state, reason }, `push is ${state}`);
        await relays.get(archive)?.onState(about, change);
      },
    });
  const downstreams = await openDownstreams({
    path: paths.downstreams,
    master: options.master,
    onCorrupt: options.onCorrupt,
    onProblem: warnOnce,
    onChange() {
      log.info({ downstreams: downstreams.count() }, 'the list of downstreams has changed');
      for (const relay of relays.values()) {
        relay.refresh().catch((error: unknown) => log.error({ err: error }, 'relay failed'));
      }
    },
  });
  for (const { name } of config.archive) {
    const relay = await openRelay({
      archive: name,
      folder: paths.relay,
      onCorrupt: options.onCorrupt,
      downstreams: () => (fanOut === undefined ? [] : downstreams.of(name)),
      fanOut: fanOut ?? { push: () => false, cancel() {} },
      report: options.report,
      now,
    });
    relays.set(name, relay);
  }
  let refreshing: Promise<void> = Promise.resolve();

  async function refresh(digest?: string): Promise<void> {
    await downstreams.refresh(digest);
    if (downstreams.count() > 0 && config.push_key === undefined) {
      warnOnce('This mirror has downstreams but no push_key: it cannot push to them.');
    }
  }

  return {
    refresh,
    downstreams: downstreams.count,
    relayOf(archive) {
      const relay = relays.get(archive);
      if (relay === undefined) throw new Error(`no relay for ${archive}`);
      return relay;
    },
    async start() {
      await refresh();
      const wakeup = createWakeup(signal);
      refreshing = (async () => {
        while (!signal.aborted) {
          await wakeup.wait(REFRESH_EVERY_MS * (0.75 + random() / 2));
          if (!signal.aborted) await refresh();
        }
      })();
    },
    async close() {
      await refreshing;
      await fanOut?.close();
      await sender?.close();
    },
  };
}

/** The same complaint is made once, until there is another. */
function createWarnOnce(log: Logger): (reason: string) => void {
  let last = '';
  return (reason) => {
    if (reason !== last) log.warn(reason);
    last = reason;
  };
}
