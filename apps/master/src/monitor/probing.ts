import { parseCidr } from '@pushmirror/acl';
import { createGuard, createResolve } from '@pushmirror/net';
import { createReadByRsync } from '@pushmirror/probe';
import { parseAllowedSigners } from '@pushmirror/trigger/head/allowed-signers';
import type { Logger } from 'pino';
import { publicUrl, type MasterConfig } from '../config.ts';
import { findArchive } from '../db/archives.ts';
import type { Db } from '../db/open.ts';
import type { PushRow } from '../db/schema.ts';
import type { MasterKeys } from '../setup/keys.ts';
import { every, type Repeated } from '../setup/every.ts';
import { VERSION } from '../version.ts';
import { createPropagation } from './metrics/propagation.ts';
import { pruneSums } from './metrics/prune.ts';
import { createContentMemory } from './probe/content-memory.ts';
import { createProber, type Prober } from './probe/prober.ts';
import { readSamples } from './probe/samples.ts';
import { createSchedule } from './probe/schedule.ts';
import { sightEvent } from './probe/sight-event.ts';
import { ACCUSATIONS } from './probe/states.ts';
import { createVantages, type Vantages } from './probe/vantage.ts';
import { createVetOnce } from './probe/vet-once.ts';
import { tendSeen } from './probe/tend-quarantine.ts';
import type { Feed } from './feed.ts';

/** The prober with its schedule. */
export interface Probing extends Pick<Prober, 'look' | 'committed'> {
  vantages: Vantages;
  start(): void;
  close(): Promise<void>;
}

export interface ProbingOptions {
  config: MasterConfig;
  logger: Logger;
  now: () => Date;
  keys: Pick<MasterKeys, 'readAllowedSigners'>;
  db: Db;
  feed: Feed;
  /** Told of the pushes that were seen at their mirrors for the first time. */
  onSeen: (pushes: readonly PushRow[]) => void;
  /** Told of the pushes that count, or do not count, since their mirror's quarantine began or ended. */
  onQuarantine: (pushes: readonly PushRow[]) => void;
  /** A mirror came back from quarantine: what waits for it may be tried. */
  onReturn: () => Promise<void>;
}

/** A mirror that was found right with a release is asked for its files again after so many looks. */
const TRUSTED_LOOKS = 6;
const AGAIN_AFTER_MS = 2_000;
const LONGEST_ROUND_MS = 15_000;
const SHORTEST_ROUND_MS = 100;
const PROPAGATION_EVERY_MS = 15_000;
const PRUNE_EVERY_MS = 10 * 60_000;

/** Put together what looks at mirrors. */
export function createProbing(o: ProbingOptions): Probing {
  const { config, logger, now, keys, db } = o;
  const { registration, probe } = config;
  const guard = createGuard({
    resolve: createResolve({ servers: registration.name_servers }),
    allow: registration.allow_addresses.map(parseCidr),
  });
  const onTrouble = (error: unknown) => logger.error({ err: error }, 'a mirror was not looked at');
  const userAgent = `pushmirror-probe/${VERSION} (+${publicUrl(config)}; ${config.network})`;
  const vet = createVetOnce({
    network: config.network,
    signers: () => parseAllowedSigners(keys.readAllowedSigners(), config.allowed_signers),
  });
  const content = createContentMemory({
    async read(archive, manifest) {
      const row = await findArchive(db, archive);
      return row && readSamples({ path: row.path, manifest }, Math.random);
    },
    trustMs: probe.interval * TRUSTED_LOOKS,
    random: Math.random,
    now,
  });
  const tend = async (mirror: string) => {
    const { step, pushes } = await tendSeen(db, mirror, { recentMs: probe.interval * 3, now });
    if (step === undefined) return;
    logger.warn({ mirror }, step === 'begin' ? 'quarantined for what it shows' : 'let in again');
    o.onQuarantine(pushes);
    if (step === 'end') await o.onReturn();
  };
  const prober = createProber({
    db,
    vet,
    lookOptions: {
      guard,
      deadlineMs: probe.deadline,
      userAgent,
      now,
      readByRsync: createReadByRsync(guard),
    },
    content,
    concurrency: probe.concurrency,
    againAfterMs: Math.min(AGAIN_AFTER_MS, probe.interval / 10),
    onSeen: o.onSeen,
    onChange(change) {
      const { mirror, archive, serial, state, reason } = change;
      logger.info({ mirror, archive, serial, state, reason }, 'seen from outside');
      o.feed.add(sightEvent(change));
    },
    async onLooked({ name, quarantined_at: since }, { state }) {
      if (since !== null || ACCUSATIONS.has(state)) await tend(name);
    },
    onTrouble,
  });
  const schedule = createSchedule({
    db,
    prober,
    intervalMs: probe.interval,
    now,
    random: Math.random,
    onTrouble,
  });
  const pause = Math.min(Math.max(probe.interval / 20, SHORTEST_ROUND_MS), LONGEST_ROUND_MS);
  const rounds = every(pause, schedule, onTrouble);
  const upkeep = createUpkeep(o);
  return {
    look: prober.look,
    committed: prober.committed,
    vantages: createVantages({
      db,
      vet,
      content,
      intervalMs: probe.interval,
      userAgent,
      now,
      onLooked: tend,
    }),
    start() {
      void rounds.start();
      for (const one of upkeep) void one.start();
    },
    async close() {
      await rounds.stop();
      for (const one of upkeep) await one.stop();
      await prober.close();
    },
  };
}

/** How releases spread, and what nobody need know any more. */
function createUpkeep({ config, logger, now, db }: ProbingOptions): Repeated[] {
  const stopping = new AbortController();
  const keep = { hoursMs: config.probe.hours_for, daysMs: config.probe.days_for };
  const prune = async () => {
    const pruned = await pruneSums(db, keep, { now, signal: stopping.signal });
    if (pruned.hours + pruned.days + pruned.changes > 0) logger.info(pruned, 'old looks deleted');
  };
  const onError = (error: unknown) => logger.error({ err: error }, 'looks were not summed up');
  const pruning = every(PRUNE_EVERY_MS, prune, onError);
  return [
    every(PROPAGATION_EVERY_MS, createPropagation(db, now), onError),
    {
      start: pruning.start,
      stop() {
        stopping.abort();
        return pruning.stop();
      },
    },
  ];
}
