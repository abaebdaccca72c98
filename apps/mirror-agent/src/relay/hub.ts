import {
  createFanOut,
  createSsh2Sender,
  hasStaged,
  type SignedHead,
  type SignedHold,
} from '@pushmirror/trigger';
import type { AgentConfig } from '../config.ts';
import { createWakeup } from '../converge/wakeup.ts';
import { openDownstreams } from '../downstreams.ts';
import type { Logger } from '../log.ts';
import type { MasterClient } from '../master-client.ts';
import type { StatePaths } from '../state/paths.ts';
import type { OnCorrupt } from '../state/read-json.ts';
import { openHoldRelay, type HoldRelay } from './hold-relay.ts';
import type { Push } from './relay-file.ts';
import { readPushKey } from './push-key.ts';
import { openRelay, type Relay } from './relay.ts';
import { targetOf } from './target.ts';
import { whoIsDone } from './who-is-done.ts';

/** All that makes a mirror a hub: whom it pushes to, and the pushes. */
export interface Hub {
  relayOf(archive: string): Relay;
  /** Pass a hold on, and act by it. */
  onHold(archive: string, signed: SignedHold): Promise<void>;
  downstreams(): number;
  /** Ask the master for the list of downstreams, unless this digest says that ours is the same. */
  refresh(digest?: string): Promise<void>;
  /** Refresh now and on a schedule, and hand out slots as they come free, until the signal aborts. */
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
  /** A hold covers this release. */
  isHeld: (signed: SignedHead) => boolean;
  onCorrupt: OnCorrupt;
  log: Logger;
  now: () => Date;
  random: () => number;
  signal: AbortSignal;
}

const REFRESH_EVERY_MS = 10 * 60_000;
const SLOTS_EVERY_MS = 3_000;

export async function openHub(options: HubOptions): Promise<Hub> {
  const { config, paths, log, now, random, signal } = options;
  const relays = new Map<string, Relay>();
  const holds = new Map<string, HoldRelay>();
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
      async onState(push, news) {
        const about = readPushKey(push.key);
        const change = hasStaged(push, news) ? { ...news, state: 'staged' as const } : news;
        const { archive, serial, mirror, word } = about;
        const { state, attempts: attempt, reason } = change;
        log.info({ archive, serial, mirror, word, attempt, state, reason }, `push is ${state}`);
        if (word === 'hold') await holds.get(archive)?.onState(about, change);
        else await relays.get(archive)?.onState(about, change);
      },
    });
  const downstreams = await openDownstreams({
    path: paths.downstreams,
    master: options.master,
    onCorrupt: options.onCorrupt,
    onProblem: warnOnce,
    onChange() {
      log.info({ downstreams: downstreams.count() }, 'the list of downstreams has changed');
      sender?.stand(downstreams.all().map(targetOf));
      // Holds first: what they stop does not go to those who are new.
      for (const one of [...holds.values(), ...relays.values()]) one.refresh().catch(onFault);
    },
  });
  for (const { name } of config.archive) {
    const shared = {
      archive: name,
      folder: paths.relay,
      onCorrupt: options.onCorrupt,
      downstreams: () => (fanOut === undefined ? [] : downstreams.of(name)),
      fanOut: fanOut ?? { push: () => false, cancel() {} },
    };
    holds.set(name, await openHoldRelay(shared));
    const relay = await openRelay({
      ...shared,
      mirror: config.name,
      slots: downstreams.slots,
      slotTimeoutMs: downstreams.slotTimeoutMs,
      isHeld: options.isHeld,
      report: options.report,
      onFault,
      now,
    });
    relays.set(name, relay);
  }
  let working: Promise<unknown> = Promise.resolve();

  function onFault(error: unknown): void {
    log.error({ err: error }, 'relay failed');
  }

  /** While some wait for a slot, the master knows who is done. */
  async function handOutSlots(): Promise<void> {
    for (const [archive, relay] of relays) {
      const signed = relay.waitingFor();
      if (signed === undefined) continue;
      const done = await whoIsDone(options.master, archive, signed.head.serial, config.name);
      await relay.freed(done).catch(onFault);
    }
  }

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
    async onHold(archive, signed) {
      await holds.get(archive)?.announce(signed);
      await relays.get(archive)?.refresh();
    },
    async start() {
      sender?.stand(downstreams.all().map(targetOf));
      for (const hold of holds.values()) await hold.refresh().catch(onFault);
      await refresh();
      const every = async (ms: () => number, work: () => Promise<void>) => {
        const wakeup = createWakeup(signal);
        while (!signal.aborted) {
          await wakeup.wait(ms());
          if (!signal.aborted) await work();
        }
      };
      working = Promise.all([
        every(() => REFRESH_EVERY_MS * (0.75 + random() / 2), refresh),
        every(() => SLOTS_EVERY_MS * (0.75 + random() / 2), handOutSlots),
      ]);
    },
    async close() {
      await working;
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
