import {
  compareHeads,
  formatTrigger,
  type Downstream,
  type FanOut,
  type PushNews,
  type PushState,
  type PushTarget,
  type SignedHead,
} from '@pushmirror/trigger';
import { createMutex } from '../state/mutex.ts';
import type { OnCorrupt } from '../state/read-json.ts';
import { createRelayFile, isDone, type Push } from './relay-file.ts';

/** Passes the heads of one archive on to the downstreams, and remembers how far it has come. */
export interface Relay {
  /**
   * The tree is at this head. Resolves when its pushes are on disk and on their way; `tried`
   * resolves when each of them has had its first answer.
   */
  announce(signed: SignedHead): Promise<{ downstreams: number; tried: Promise<void> }>;
  /** The list of downstreams has changed. */
  refresh(): Promise<void>;
  /** News of a push of ours from the fan-out. Resolves when it is on disk and reported. */
  onState(key: PushKey, change: PushChange): Promise<void>;
  status(): { serial: number; states: Partial<Record<PushState, number>> } | undefined;
}

export type PushChange = Pick<
  PushNews,
  'state' | 'attempts' | 'reason' | 'firstAttemptAt' | 'nextAttemptAt'
>;

export interface RelayOptions {
  archive: string;
  folder: string;
  onCorrupt: OnCorrupt;
  downstreams: () => readonly Downstream[];
  fanOut: Pick<FanOut, 'push' | 'cancel'>;
  report: (signed: SignedHead, push: Push) => Promise<void>;
  now: () => Date;
}

/** Reads what is on disk. Nothing is sent before `announce`. */
export async function openRelay(options: RelayOptions): Promise<Relay> {
  const { archive, fanOut, now } = options;
  const file = createRelayFile(options.folder, archive, options.onCorrupt);
  const mutex = createMutex();
  let relayed = await file.read();
  /** Pushes that the fan-out of this process has been given. */
  const given = new Set<string>();
  const untried = new Set<string>();
  let waiting: (() => void)[] = [];

  function announce(signed: SignedHead) {
    return mutex(async () => {
      const comparison = compareHeads(relayed?.signed, signed);
      if (comparison === 'first' || comparison === 'newer') {
        await supersede();
        relayed = { signed, pushes: new Map() };
      } else if (comparison === 'refresh' && relayed !== undefined) {
        relayed = { signed, pushes: relayed.pushes };
      } else if (comparison !== 'duplicate') {
        return { downstreams: 0, tried: Promise.resolve() };
      }
      return { downstreams: await sendAll(), tried: untilTried() };
    });
  }

  /** Bring the pushes in line with the list of downstreams, and give the fan-out what is not done. */
  async function sendAll(): Promise<number> {
    if (relayed === undefined || relayed.signed.head.expires <= now()) return 0;
    const { pushes, signed } = relayed;
    const wanted = new Map(options.downstreams().map((one) => [one.name, one]));
    for (const mirror of pushes.keys()) {
      if (!wanted.has(mirror)) forget(mirror);
    }
    for (const { name, ...where } of wanted.values()) {
      const target = JSON.stringify([where.host, where.port, where.user, where.hostKey]);
      const known = pushes.get(name);
      if (known?.target === target) continue;
      if (known !== undefined) forget(name);
      pushes.set(name, { mirror: name, state: 'waiting', attempts: 0, target });
    }
    await file.save(relayed);
    const command = formatTrigger({ archive, words: ['all'], head: signed });
    for (const push of pushes.values()) {
      const downstream = wanted.get(push.mirror);
      if (downstream === undefined || isDone(push.state) || given.has(push.mirror)) continue;
      const { mirror, attempts, firstAttemptAt, nextAttemptAt } = push;
      given.add(mirror);
      if (attempts === 0) untried.add(mirror);
      fanOut.push({
        key: keyOf(mirror, signed),
        target: targetOf(downstream),
        command,
        attempts,
        ...(firstAttemptAt === undefined ? {} : { firstAttemptAt }),
        ...(nextAttemptAt === undefined ? {} : { notBefore: nextAttemptAt }),
      });
    }
    return wanted.size;
  }

  /** A newer head takes over from pushes that are not done. */
  async function supersede(): Promise<void> {
    if (relayed === undefined) return;
    const { signed, pushes } = relayed;
    for (const push of pushes.values()) {
      if (given.has(push.mirror)) forget(push.mirror);
      if (isDone(push.state)) continue;
      await options.report(signed, { ...push, state: 'superseded', reason: undefined });
    }
  }

  function forget(mirror: string): void {
    if (relayed === undefined) return;
    fanOut.cancel(keyOf(mirror, relayed.signed));
    relayed.pushes.delete(mirror);
    given.delete(mirror);
    tried(mirror);
  }

  async function onState(key: PushKey, change: PushChange): Promise<void> {
    const { mirror } = key;
    const push = relayed?.pushes.get(mirror);
    if (relayed === undefined || push === undefined) return;
    const { epoch, serial } = relayed.signed.head;
    if (key.epoch !== epoch || key.serial !== serial) return; // Superseded meanwhile.
    const { state, attempts, reason, firstAttemptAt, nextAttemptAt } = change;
    Object.assign(push, { state, attempts, reason, firstAttemptAt, nextAttemptAt });
    await file.save(relayed);
    await options.report(relayed.signed, push);
    if (state !== 'sending') tried(mirror);
    if (isDone(state)) given.delete(mirror);
  }

  function tried(mirror: string): void {
    untried.delete(mirror);
    if (untried.size > 0) return;
    for (const resolve of waiting) resolve();
    waiting = [];
  }

  function untilTried(): Promise<void> {
    if (untried.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      waiting.push(resolve);
    });
  }

  return {
    announce,
    onState,
    refresh: () => mutex(async () => void (await sendAll())),
    status() {
      if (relayed === undefined) return undefined;
      const states: Partial<Record<PushState, number>> = {};
      for (const { state } of relayed.pushes.values()) states[state] = (states[state] ?? 0) + 1;
      return { serial: relayed.signed.head.serial, states };
    },
  };

  function keyOf(mirror: string, { head }: SignedHead): string {
    return JSON.stringify([archive, head.epoch, head.serial, mirror]);
  }
}

/** What a push in the fan-out is about. */
export interface PushKey {
  archive: string;
  epoch: number;
  serial: number;
  mirror: string;
}

/** Read the key that a push was given to the fan-out with. */
export function readPushKey(key: string): PushKey {
  const [archive, epoch, serial, mirror] = JSON.parse(key) as [string, number, number, string];
  return { archive, epoch, serial, mirror };
}

function targetOf({ name, kind, host, port, user, hostKey }: Downstream): PushTarget {
  return { mirror: name, kind, host, port, user, hostKey };
}
