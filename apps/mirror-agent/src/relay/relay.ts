import {
  compareHeads,
  formatStockTrigger,
  formatTrigger,
  plainStock,
  type Downstream,
  type FanOut,
  type PushNews,
  type PushState,
  type SignedHead,
} from '@pushmirror/trigger';
import { createMutex } from '../state/mutex.ts';
import type { OnCorrupt } from '../state/read-json.ts';
import { keyOf, type PushKey } from './push-key.ts';
import { createRelayFile, isDone, type Push } from './relay-file.ts';
import { shareSlots } from './share-slots.ts';
import { addressOf, targetOf } from './target.ts';
import { phases, wordFor, type Phase, type Word } from './word.ts';

/** Passes the heads of one archive on to the downstreams, and remembers how far it has come. */
export interface Relay {
  /**
   * We are so far with this head. Resolves when its pushes are on disk and on their way, or wait
   * for a slot; `tried` resolves when each that is on its way has had its first answer.
   */
  announce(
    signed: SignedHead,
    phase: Phase,
  ): Promise<{ downstreams: number; tried: Promise<void> }>;
  /** The list of downstreams has changed, or what is held. */
  refresh(): Promise<void>;
  /** News of a push of ours from the fan-out. Resolves when it is on disk and reported. */
  onState(key: PushKey, change: PushChange): Promise<void>;
  /** The release for which some wait for a slot. */
  waitingFor(): SignedHead | undefined;
  /** These do not pull any more. */
  freed(mirrors: readonly string[]): Promise<void>;
  status(): RelayStatus | undefined;
}

export interface RelayStatus {
  serial: number;
  phase: Phase;
  states: Partial<Record<PushState, number>>;
  /** How many wait for a slot. */
  waiting?: number;
}

export interface PushChange extends Pick<
  PushNews,
  'attempts' | 'reason' | 'firstAttemptAt' | 'nextAttemptAt'
> {
  /** `staged`: a stock mirror's stage 1 has ended well. */
  state: PushNews['state'] | 'staged';
}

export interface RelayOptions {
  archive: string;
  /** This mirror's name, for the reason of those that wait. */
  mirror: string;
  folder: string;
  onCorrupt: OnCorrupt;
  downstreams: () => readonly Downstream[];
  /** At most so many pull from us at once; no limit when undefined. */
  slots: () => number | undefined;
  /** Milliseconds after which a slot is free again; the usual time when undefined. */
  slotTimeoutMs: () => number | undefined;
  /** A hold stops the release of this head: nothing of it is passed on. */
  isHeld: (signed: SignedHead) => boolean;
  fanOut: Pick<FanOut, 'push' | 'cancel'>;
  report: (signed: SignedHead, push: Push) => Promise<void>;
  onFault: (error: unknown) => void;
  now: () => Date;
}

const HOUR_MS = 3_600_000;
const PROBES = { minMs: HOUR_MS, maxMs: HOUR_MS, factor: 1 };

/** Reads what is on disk. Nothing is sent before `announce`. */
export async function openRelay(options: RelayOptions): Promise<Relay> {
  const { archive, fanOut, now } = options;
  const file = createRelayFile(options.folder, archive, options.onCorrupt);
  const mutex = createMutex();
  let relayed = await file.read();
  /** Pushes that the fan-out of this process has been given. */
  const given = new Set<string>();
  const untried = new Set<string>();
  /** Of those in quarantine: given to the fan-out as such, and when each may be tried next. */
  const probed = new Set<string>();
  const nextProbe = new Map<string, Date>();
  const waiting = new Set<string>();
  let untilTried: (() => void)[] = [];

  function announce(signed: SignedHead, phase: Phase) {
    return mutex(async () => {
      const comparison = compareHeads(relayed?.signed, signed);
      if (comparison === 'first' || comparison === 'newer') {
        await supersede();
        relayed = { signed, phase, pushes: new Map() };
      } else if (relayed !== undefined && ['refresh', 'duplicate'].includes(comparison)) {
        const further = phases.indexOf(phase) > phases.indexOf(relayed.phase);
        relayed = { ...relayed, signed, phase: further ? phase : relayed.phase };
      } else {
        return { downstreams: 0, tried: Promise.resolve() };
      }
      return { downstreams: await sendAll(), tried: whenTried() };
    });
  }

  /** Bring the pushes in line with what there is to tell, and give the fan-out what may go. */
  async function sendAll(): Promise<number> {
    waiting.clear();
    if (relayed === undefined || relayed.signed.head.expires <= now()) return 0;
    const { pushes, signed, phase } = relayed;
    const wanted = new Map(options.downstreams().map((one) => [one.name, one]));
    for (const mirror of pushes.keys()) if (!wanted.has(mirror)) forget(mirror);
    const isHeld = options.isHeld(signed);
    const ready: { push: Push; downstream: Downstream }[] = [];
    const probes: typeof ready = [];
    for (const downstream of wanted.values()) {
      const push = renewed(downstream, phase);
      const { quarantined = false } = downstream;
      if (given.has(push.mirror) && probed.has(push.mirror) !== quarantined) takeBack(push);
      if (isHeld) halt(push);
      else if (!isDone(push.state) && !given.has(push.mirror) && hasWord(push, downstream)) {
        (quarantined ? probes : ready).push({ push, downstream });
      }
    }
    const slots = { limit: options.slots(), timeoutMs: options.slotTimeoutMs() };
    const { go, wait } = shareSlots(ready, [...pushes.values()], slots, now());
    for (const { push } of go) if (push.word !== 'stage2') push.slotSince = now();
    for (const { push } of wait) {
      waiting.add(push.mirror);
      const reason = `waits for a slot at ${options.mirror}`;
      if (push.reason === reason) continue;
      push.reason = reason;
      await options.report(signed, push);
    }
    await file.save(relayed);
    for (const { push, downstream } of [...go, ...probes]) give(push, downstream, signed);
    return wanted.size;

    function hasWord(push: Push, downstream: Downstream): boolean {
      return wordFor(push, downstream, phase) !== undefined;
    }
  }

  /** The push of a downstream, begun anew where there is something else to tell it, or elsewhere. */
  function renewed(downstream: Downstream, phase: Phase): Push {
    const { name: mirror } = downstream;
    const target = addressOf(downstream);
    const pushes = relayed?.pushes ?? new Map<string, Push>();
    const known = pushes.get(mirror);
    const moved = known !== undefined && known.target !== target;
    const before = moved ? undefined : known;
    const fresh: Push = { mirror, word: 'all', state: 'waiting', attempts: 0, target };
    const word = wordFor(before ?? fresh, downstream, phase) ?? before?.word ?? 'all';
    if (before?.word === word) return before;
    if (known !== undefined) forget(mirror);
    const push = { ...fresh, word, slotSince: before?.slotSince };
    pushes.set(mirror, push);
    return push;
  }

  function give(push: Push, downstream: Downstream, signed: SignedHead): void {
    const { mirror, word, attempts, firstAttemptAt } = push;
    const { quarantined = false } = downstream;
    const nextAttemptAt = push.nextAttemptAt ?? (quarantined ? nextProbe.get(mirror) : undefined);
    given.add(mirror);
    if (quarantined) probed.add(mirror);
    else if (attempts === 0) untried.add(mirror);
    fanOut.push({
      key: key(push, signed),
      target: targetOf(downstream),
      command: commandFor(downstream, word, signed),
      attempts,
      ...(downstream.hub === true ? { priority: 'hub' } : {}),
      ...(quarantined ? { priority: 'suspect', backoff: PROBES } : {}),
      ...(firstAttemptAt === undefined ? {} : { firstAttemptAt }),
      ...(nextAttemptAt === undefined ? {} : { notBefore: nextAttemptAt }),
    });
  }

  function commandFor({ kind, stock }: Downstream, word: Word, head: SignedHead): string {
    if (kind === 'ftpsync') return formatStockTrigger(archive, word, head, stock ?? plainStock);
    return formatTrigger({ archive, words: [word], head });
  }

  /** Not before the hold is released. */
  function halt(push: Push): void {
    if (isDone(push.state) || relayed === undefined) return;
    takeBack(push);
    Object.assign(push, { state: 'waiting', slotSince: undefined });
  }

  /** From the fan-out, which may be given it anew; one that left quarantine need not rest. */
  function takeBack(push: Push): void {
    if (relayed === undefined) return;
    const { mirror } = push;
    fanOut.cancel(key(push, relayed.signed));
    given.delete(mirror);
    tried(mirror);
    if (probed.delete(mirror)) push.nextAttemptAt = undefined;
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
    const push = relayed?.pushes.get(mirror);
    if (relayed === undefined || push === undefined) return;
    fanOut.cancel(key(push, relayed.signed));
    relayed.pushes.delete(mirror);
    given.delete(mirror);
    tried(mirror);
  }

  async function onState(about: PushKey, change: PushChange): Promise<void> {
    const { mirror } = about;
    const push = relayed?.pushes.get(mirror);
    if (relayed === undefined || push === undefined) return;
    const { epoch, serial } = relayed.signed.head;
    if (about.epoch !== epoch || about.serial !== serial) return; // Superseded meanwhile.
    if (about.word !== push.word || !given.has(mirror)) return; // It is told something else now.
    const { state, attempts, reason, firstAttemptAt, nextAttemptAt } = change;
    const slotSince = holdsSlot(push, state) ? (push.slotSince ?? now()) : undefined;
    const freed = push.slotSince !== undefined && slotSince === undefined;
    Object.assign(push, { state, attempts, reason, firstAttemptAt, nextAttemptAt, slotSince });
    if (nextAttemptAt !== undefined && probed.has(mirror)) nextProbe.set(mirror, nextAttemptAt);
    await file.save(relayed);
    await options.report(relayed.signed, push);
    if (state !== 'sending') tried(mirror);
    if (!isDone(state)) {
      if (freed && waiting.size > 0) again();
      return;
    }
    given.delete(mirror);
    again(); // There may be more to tell it by now.
  }

  function again(): void {
    mutex(sendAll).catch(options.onFault);
  }

  function tried(mirror: string): void {
    untried.delete(mirror);
    if (untried.size > 0) return;
    for (const resolve of untilTried) resolve();
    untilTried = [];
  }

  function whenTried(): Promise<void> {
    if (untried.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      untilTried.push(resolve);
    });
  }

  return {
    announce,
    onState,
    refresh: () => mutex(async () => void (await sendAll())),
    waitingFor: () => (waiting.size === 0 ? undefined : relayed?.signed),
    freed: (mirrors) =>
      mutex(async () => {
        for (const mirror of mirrors) {
          const push = relayed?.pushes.get(mirror);
          if (push !== undefined && isDone(push.state)) push.slotSince = undefined;
        }
        await sendAll();
      }),
    status() {
      if (relayed === undefined) return undefined;
      const states: Partial<Record<PushState, number>> = {};
      for (const { state } of relayed.pushes.values()) states[state] = (states[state] ?? 0) + 1;
      const { signed, phase } = relayed;
      const some = waiting.size === 0 ? {} : { waiting: waiting.size };
      return { serial: signed.head.serial, phase, states, ...some };
    },
  };

  function key({ mirror, word }: Push, { head }: SignedHead): string {
    return keyOf({ archive, epoch: head.epoch, serial: head.serial, mirror, word });
  }
}

/** An attempt that failed frees the slot; telling a mirror to commit takes none. */
function holdsSlot({ word, slotSince }: Push, state: PushState): boolean {
  if (word === 'stage2') return slotSince !== undefined;
  return state === 'sending' || state === 'accepted';
}
