import type { SignedHold } from '@pushmirror/trigger';
import type { FanOutOptions } from '@pushmirror/trigger/fan-out/fan-out';
import type { PushNews } from '@pushmirror/trigger/fan-out/push';
import type { PushTarget } from '@pushmirror/trigger/send/sender';
import type { Db } from '../db/open.ts';
import { openPushes, type PushKey } from '../db/pushes.ts';
import type { PushRow } from '../db/schema.ts';
import { createTurns } from '../archive/turns.ts';
import { createAlarms } from './alarms.ts';
import { createHeldPushes } from './stock/held-pushes.ts';
import { createDeadHubs, type DeadHubsOptions } from './dead-hubs.ts';
import { createLateStagers } from './late-stagers.ts';
import type { Ledger } from './ledger.ts';
import { mayPull, type PullAnswer } from './may-pull.ts';
import { createMirrorMemory } from './mirror-memory.ts';
import { isStanding, readOutgoing, targetOf, type Outgoing } from './outgoing.ts';
import { holdsToSend } from './send-holds.ts';
import { createSlotKeeper } from './slot-keeper.ts';
import { pullsFrom } from './slots.ts';
import { quarantineUnreached, releaseFromQuarantine } from './tend-quarantine.ts';
import { createUnderway } from './underway.ts';
import { giveUpUnheard } from './unheard.ts';
import { readView, viewOf, type View } from './view.ts';
import { writeNews } from './write-news.ts';

/** Sends what the database says is to be sent; holds nothing that the database does not. */
export interface RolloutEngine {
  /**
   * Take up every open push of the master's own, of one archive or of all: those that are new, and
   * after a start those that were left. What is no longer to be sent is dropped.
   */
  resume(archive?: string): Promise<void>;
  /** The head was issued anew: what is still to be sent goes with the new one. */
  refresh(archive: string): Promise<void>;
  /** Nothing more need be sent for these. */
  end(pushes: readonly PushKey[]): void;
  /** These pushes changed, by whatever news. */
  moved(pushes: readonly PushRow[]): void;
  /** A mirror spoke to the master: what waits for it is tried now. */
  heard(mirror: string): void;
  /** Tell this hold, in place of older ones, to whom the master itself pushes. */
  sendHold(archive: string, hold: SignedHold): Promise<void>;
  /** A mirror found a release by itself: may it pull now, or in how many seconds may it ask? */
  mayPull(key: PushKey): Promise<PullAnswer>;
  /** Give up the pushes that nobody has spoken of for too long. */
  sweep(): Promise<void>;
  /** Look after dead hubs and dead mirrors, once. */
  tend(): Promise<void>;
  /** Break off what is under way; the next start carries on with it. */
  close(): Promise<void>;
}

export interface EngineOptions extends Required<
  Pick<
    FanOutOptions,
    'sender' | 'concurrency' | 'attemptDeadlineMs' | 'backoff' | 'giveUpAfterMs' | 'now'
  >
> {
  db: Db;
  ledger: Ledger;
  /** Keep connections open to these, where the sender can. */
  stand?: (targets: readonly PushTarget[]) => void;
  /** How many mirrors may pull from the master itself at once. */
  slotsOfMaster?: number;
  slotTimeoutMs?: number;
  stockDeadlineMs?: number;
  hubPatienceMs?: number;
  quarantineAfterMs?: number;
  runmirrorsPatienceMs?: number;
  /** Told of each state that was written, for the log. */
  onNews: (key: PushKey, news: PushNews) => void;
  /** Told when something could not be done; it is tried again. */
  onTrouble: (key: Partial<PushKey>, error: unknown) => void;
  /** Told of pushes that were changed by other means than news of them. */
  onMoved?: (pushes: readonly PushRow[]) => void;
  onTakeover?: DeadHubsOptions['onTakeover'];
}

const SAY_WAITING_EVERY_MS = 1_000;
const LONGEST_QUARANTINE_PAUSE_MS = 600_000;
const AFTER_TROUBLE_MS = 5_000;

export function createRolloutEngine(o: EngineOptions): RolloutEngine {
  const { db, now, onTrouble, backoff } = o;
  const onMoved = o.onMoved ?? (() => {});
  const quarantineAfterMs = o.quarantineAfterMs ?? 24 * 3_600_000;
  let view: View = viewOf([]);
  let seeded = false;
  let closed = false;
  let quarantinedAt = new Date(0);
  const turns = createTurns();
  /** What could not be taken up is, of each archive once. */
  const again = createAlarms(now);
  const memory = createMirrorMemory(now, backoff.minMs);
  const tellLate = createLateStagers({
    db,
    soon: (action) => void inTurn({}, action),
    takeUp: (archive) => takeUp(archive),
  });
  const stockHeld = createHeldPushes({
    ledger: o.ledger,
    now,
    again: (archive) => void resume(archive),
    onTrouble,
  });
  const hubs = createDeadHubs({
    db,
    now,
    patienceMs: o.hubPatienceMs ?? 300_000,
    onTakeover: o.onTakeover ?? (() => {}),
  });
  const upstreamOf = (name: string, archive: string) =>
    pullsFrom({ name }, view.tree, (hub) => hubs.isDead(hub, archive));
  const slots = createSlotKeeper({
    now,
    timeoutMs: o.slotTimeoutMs ?? 1_800_000,
    ...(o.slotsOfMaster === undefined ? {} : { ofMaster: o.slotsOfMaster }),
    view: () => view,
    pullsFrom: upstreamOf,
  });
  const underway = createUnderway({
    sender: o.sender,
    concurrency: o.concurrency,
    attemptDeadlineMs: o.attemptDeadlineMs,
    ...(o.stockDeadlineMs === undefined ? {} : { stockDeadlineMs: o.stockDeadlineMs }),
    backoff,
    giveUpAfterMs: o.giveUpAfterMs,
    now,
    gate: slots.gate,
    async onNews(one, news) {
      await writeNews(one, news, o);
      if (one.kind !== 'hold') o.onNews(one.about, news);
      learn(one, news);
    },
    onTrouble: ({ about }, error) => onTrouble(about, error),
  });
  const saying = setInterval(sayWaiting, SAY_WAITING_EVERY_MS);
  saying.unref();

  /** What an attempt says about its mirror. */
  function learn({ about: { mirror } }: Outgoing, { state }: PushNews): void {
    if (state === 'unreachable' || state === 'given-up') memory.failed(mirror);
    if (state === 'accepted' || state === 'refused') isBack(mirror);
  }

  function isBack(mirror: string): void {
    memory.reached(mirror);
    hubs.revive(mirror);
    if ((view.byName.get(mirror)?.quarantined_at ?? null) === null) return;
    void inTurn({ mirror }, async () => {
      const pushes = await releaseFromQuarantine(db, mirror, now());
      if (pushes === undefined) return;
      onMoved(pushes);
      await takeUp();
    });
  }

  /** One after the other, so that nobody acts on rows that another is about to change. */
  function inTurn(about: Partial<PushKey>, work: () => Promise<void>): Promise<void> {
    return turns.take('engine', async () => {
      if (closed) return;
      try {
        await work();
      } catch (error) {
        onTrouble(about, error);
      }
    });
  }

  async function takeUp(archive?: string): Promise<void> {
    view = await readView(db);
    if (!seeded) {
      slots.moved((await openPushes(db, {})).filter(({ state }) => state === 'accepted'));
      seeded = true;
    }
    const { outgoing, held } = await readOutgoing(db, needs, archive);
    if (closed) return;
    stockHeld.hold(held, archive);
    underway.replace(
      outgoing,
      ({ kind, about }) => kind !== 'hold' && (archive ?? about.archive) === about.archive,
    );
    o.stand?.(view.direct.filter(isStanding).map(targetOf));
  }

  const needs = {
    get view() {
      return view;
    },
    now,
    wasReached: (mirror: string) => memory.wasReached(mirror),
    pullsFrom: ({ name }: { name: string }, archive: string) => upstreamOf(name, archive),
    nextProbe: (mirror: string) => memory.nextProbe(mirror),
    runmirrorsPatienceMs: o.runmirrorsPatienceMs ?? 600_000,
  };

  const resume = (archive?: string): Promise<void> =>
    inTurn(archive === undefined ? {} : { archive }, async () => {
      try {
        await takeUp(archive);
      } catch (error) {
        const at = new Date(now().getTime() + AFTER_TROUBLE_MS);
        again.set(archive ?? '', at, () => void resume(archive));
        throw error;
      }
    });

  /** Not in every round: it looks at many old pushes. */
  async function shutOut(): Promise<readonly PushRow[]> {
    const [at, last] = [now(), quarantinedAt];
    const pause = Math.min(quarantineAfterMs / 8, LONGEST_QUARANTINE_PAUSE_MS);
    if (at.getTime() - last.getTime() < pause) return [];
    const rows = await quarantineUnreached(db, {
      afterMs: quarantineAfterMs,
      givenUpSince: last,
      now,
    });
    quarantinedAt = at;
    return rows;
  }

  function sayWaiting(): void {
    const at = now();
    for (const { key, upstream } of slots.newlyWaiting()) {
      const reason = `It waits for a slot at ${upstream}.`;
      o.ledger.note(key, { state: 'waiting', reason, at }).catch((error: unknown) => {
        onTrouble(key, error);
      });
    }
  }

  return {
    resume,
    async refresh(archive) {
      underway.forget(archive);
      await resume(archive);
    },
    end: (pushes) => underway.drop(pushes),
    moved(pushes) {
      slots.moved(pushes);
      hubs.moved(pushes);
      underway.drop(pushes.filter(({ state }) => state !== 'waiting' && !isTrying(state)));
      tellLate(pushes);
      stockHeld.moved(pushes);
    },
    heard(mirror) {
      hubs.seen(mirror, now());
      isBack(mirror);
      if (memory.mayWake(mirror)) underway.wake(mirror);
    },
    sendHold: (archive, hold) =>
      inTurn({ archive }, async () => {
        view = await readView(db);
        const outgoing = await holdsToSend(db, view, hold);
        underway.replace(outgoing, (one) => one.kind === 'hold' && one.about.archive === archive);
      }),
    mayPull: (key) => mayPull(db, key, slots, upstreamOf(key.mirror, key.archive)),
    async sweep() {
      await giveUpUnheard(db, o.ledger, o.giveUpAfterMs, now());
      await resume(); // What could not be done before is tried again.
    },
    tend: () =>
      inTurn({}, async () => {
        view = await readView(db);
        const shut = await shutOut();
        const given = await hubs.takeOver(view);
        if (shut.length + given.length === 0) return;
        onMoved([...shut, ...given]);
        await takeUp();
      }),
    async close() {
      closed = true;
      clearInterval(saying);
      again.close();
      stockHeld.close();
      await underway.close();
      slots.gate.close();
      await turns.take('engine', async () => {});
    },
  };
}

function isTrying(state: PushRow['state']): boolean {
  return state === 'sending' || state === 'unreachable';
}
