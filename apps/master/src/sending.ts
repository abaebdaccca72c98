import { parseCidr } from '@pushmirror/acl';
import { createOpensshSender } from '@pushmirror/trigger/send/openssh-sender';
import type { PushTarget, Sender } from '@pushmirror/trigger/send/sender';
import { createSsh2Sender } from '@pushmirror/trigger/send/ssh2-sender';
import { isHostKeyChange } from '@pushmirror/trigger/send/sentences';
import type { Logger } from 'pino';
import type { MasterConfig } from './config.ts';
import type { Db } from './db/open.ts';
import type { PushRow } from './db/schema.ts';
import { createHeadReader } from './monitor/read-public-head.ts';
import { createGuard, createGuardedClient, createResolve } from '@pushmirror/net';
import { createLedger } from './rollout/ledger.ts';
import { createRolloutEngine, type RolloutEngine } from './rollout/run.ts';
import { createStockWatch } from './rollout/stock/watch.ts';
import { every } from './setup/every.ts';

/** All that sends: the engine, what it sends with, and its rounds. */
export interface Sending {
  engine: RolloutEngine;
  /** These pushes changed, and it is on the disk. */
  moved(pushes: readonly PushRow[]): void;
  /** The push key's file holds another key: send with that from now on. */
  renewKey(): void;
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface SendingOptions {
  config: MasterConfig;
  logger: Logger;
  now: () => Date;
  db: Db;
  /** A mirror's SSH server showed another key than the pinned one. */
  onHostKeyChange: (mirror: string) => void;
  /** Told when pushes have got another sender. */
  onTakeover: () => void;
  /** Told of every push that changed, by whatever news. */
  onMoved: (pushes: readonly PushRow[]) => void;
}

const SHORTEST_ROUND_MS = 100;
const LONGEST_ROUND_MS = 15_000;

export function createSending(o: SendingOptions): Sending {
  const { config, logger, now, db } = o;
  const { push } = config;
  const { sender, stand, renew } = createRenewable(() => createSender(config));
  const moved = (pushes: readonly PushRow[]) => {
    if (pushes.length === 0) return;
    engine.moved(pushes);
    stock.moved(pushes);
    o.onMoved(pushes);
  };
  const backoff = { minMs: push.backoff_min, maxMs: push.backoff_max, factor: 2 };
  const ledger = createLedger(db, moved);
  const engine = createRolloutEngine({
    db,
    ledger,
    sender,
    now,
    ...(stand === undefined ? {} : { stand }),
    concurrency: push.concurrency,
    attemptDeadlineMs: push.attempt_deadline,
    stockDeadlineMs: push.stock_deadline,
    backoff,
    giveUpAfterMs: push.give_up_after,
    slotsOfMaster: push.slots,
    slotTimeoutMs: push.slot_timeout,
    hubPatienceMs: push.hub_patience,
    quarantineAfterMs: push.quarantine_after,
    runmirrorsPatienceMs: push.runmirrors_patience,
    onNews(key, { state, attempts, reason }) {
      logger.info({ ...key, state, attempt: attempts, reason }, 'push');
      if (isHostKeyChange(reason ?? '')) o.onHostKeyChange(key.mirror);
    },
    onTrouble: (key, error) => logger.error({ ...key, err: error }, 'not done, and tried again'),
    onMoved: moved,
    onTakeover(of, why) {
      logger.warn({ ...of, reason: why }, 'pushes were taken over');
      o.onTakeover();
    },
  });
  const stock = createStockWatch({
    db,
    ledger,
    reader: createTraceReader(config),
    backoff,
    pauseMs: push.stock_poll,
    now,
    async onAgain(again) {
      engine.end([again]);
      moved([again]);
      await engine.resume(again.archive);
    },
    onTrouble: (error) => logger.error({ err: error }, 'a stock mirror was not looked at'),
  });
  const looks = every(push.stock_poll, stock.round, (error) =>
    logger.error({ err: error }, 'stock mirrors were not looked at'),
  );
  const soonest = Math.min(push.hub_patience, push.quarantine_after) / 4;
  const pause = Math.min(Math.max(soonest, SHORTEST_ROUND_MS), LONGEST_ROUND_MS);
  const rounds = every(
    pause,
    () => engine.tend(),
    (error) => logger.error({ err: error }),
  );
  return {
    engine,
    moved,
    renewKey: renew,
    async start() {
      await engine.resume();
      void rounds.start();
      void looks.start();
    },
    async close() {
      stock.close();
      await looks.stop();
      await rounds.stop();
      await engine.close();
      await sender.close();
    },
  };
}

const LARGEST_TRACE = 64 * 1024;

/** Operators have named the addresses, so they are fetched as strangers' are. */
function createTraceReader({ registration }: MasterConfig) {
  const guard = createGuard({
    resolve: createResolve({ servers: registration.name_servers }),
    allow: registration.allow_addresses.map(parseCidr),
  });
  const client = createGuardedClient({ guard, maxBytes: LARGEST_TRACE });
  return createHeadReader({ client, guard }, { noun: 'trace file', maxBytes: LARGEST_TRACE });
}

interface Created {
  sender: Sender;
  stand?: (targets: readonly PushTarget[]) => void;
}

/** What is under way with the key of before is left its time. */
const LEFT_TIME_MS = 60_000;

/** A sender that can be made anew, and that stands on the same connections then. */
function createRenewable(create: () => Created) {
  let current = create();
  let targets: readonly PushTarget[] = [];
  const left = new Map<Sender, NodeJS.Timeout>();
  const close = (sender: Sender) => {
    clearTimeout(left.get(sender));
    left.delete(sender);
    return sender.close();
  };
  const sender: Sender = {
    send: (...words) => current.sender.send(...words),
    async close() {
      await Promise.all([...left.keys(), current.sender].map(close));
    },
  };
  const stand = (next: readonly PushTarget[]) => {
    targets = next;
    current.stand?.(next);
  };
  return {
    sender,
    ...(current.stand === undefined ? {} : { stand }),
    renew() {
      const before = current;
      current = create();
      before.stand?.([]);
      current.stand?.(targets);
      const timer = setTimeout(() => void close(before.sender).catch(() => {}), LEFT_TIME_MS);
      left.set(before.sender, timer);
    },
  };
}

function createSender(config: MasterConfig): Created {
  const privateKeyPath = config.push_key;
  if (config.sender === 'openssh') {
    return { sender: createOpensshSender({ privateKeyPath, stateDir: `${config.state}/ssh` }) };
  }
  const standing = { cap: config.push.standing };
  const sender = createSsh2Sender({ privateKeyPath, standing });
  return { sender, stand: sender.stand.bind(sender) };
}
