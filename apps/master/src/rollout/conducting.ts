import type { SignedHold } from '@pushmirror/trigger/head/hold';
import type { Logger } from 'pino';
import type { Heads } from '../archive/heads.ts';
import type { Turns } from '../archive/turns.ts';
import type { MasterConfig } from '../config.ts';
import type { Db } from '../db/open.ts';
import type { PushRow } from '../db/schema.ts';
import type { Probing } from '../monitor/probing.ts';
import type { MasterKeys } from '../setup/keys.ts';
import { createRunCheck } from './check-program.ts';
import { createConductor, type Conductor } from './conduct.ts';
import { createGate } from './gate.ts';
import type { News } from './news.ts';

/** The conductor with its eyes. */
export interface Conducting extends Pick<Conductor, 'begin' | 'halt' | 'resume'> {
  /** Pushes changed, by a report or by what became of sending them. */
  moved(pushes: readonly PushRow[]): void;
  start(): Promise<void>;
  close(): Promise<void>;
}

export interface ConductingOptions {
  config: MasterConfig;
  logger: Logger;
  now: () => Date;
  keys: MasterKeys;
  db: Db;
  heads: Heads;
  turns: Turns;
  news: News;
  probing: Pick<Probing, 'look' | 'committed'>;
  /** Rows of this archive changed: send what they say. */
  send: (archive: string) => Promise<void>;
  tellHold: (archive: string, hold: SignedHold) => Promise<void>;
}

const GATE_PAUSE_MS = 10_000;

/** Put together what conducts the rollouts of all archives. */
export function createConducting(o: ConductingOptions): Conducting {
  const { config, logger, now, keys, db, news } = o;
  const { network } = config;
  const conductor = createConductor({
    db,
    network,
    signingKey: keys.signingKey,
    heads: o.heads,
    turns: o.turns,
    now,
    send: o.send,
    tellHold: o.tellHold,
    askGate: createGate({
      look: o.probing.look,
      runCheck: createRunCheck({ folder: config.checks, network }),
      // No longer than a head lives: in tests that is seconds.
      pauseMs: Math.min(GATE_PAUSE_MS, config.head_lifetime / 10),
    }),
    onChange(release, change, moved) {
      const { archive, serial, wave, phase, held_reason: reason } = release;
      logger.info({ archive, serial, wave, phase, reason }, `rollout ${change}`);
      news.turned(release, change);
      news.moved(moved);
    },
    onTrouble: (archive, error) =>
      logger.error({ archive, err: error }, 'a rollout did not go on; it is tried again'),
  });
  return {
    begin: (archive) => conductor.begin(archive),
    halt: (...args) => conductor.halt(...args),
    resume: (...args) => conductor.resume(...args),
    moved(pushes) {
      conductor.moved(pushes);
      o.probing.committed(pushes);
    },
    start: () => conductor.start(),
    close: () => conductor.close(),
  };
}
