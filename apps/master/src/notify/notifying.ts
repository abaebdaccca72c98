import { parseCidr } from '@pushmirror/acl';
import { createGuard, createGuardedClient, createResolve } from '@pushmirror/net';
import type { Logger } from 'pino';
import { publicUrl, type MasterConfig } from '../config.ts';
import type { Db } from '../db/open.ts';
import { every } from '../setup/every.ts';
import { VERSION } from '../version.ts';
import { beginNotices } from './begin.ts';
import { deliverDue } from './deliver.ts';
import { mailerOf } from './mailer.ts';
import { pruneNotices } from './prune.ts';
import { watchCertificates, watchQuarantines } from './watch-mirrors.ts';
import { watchRollouts } from './watch-rollouts.ts';
import { watchSights } from './watch-sights.ts';
import { watchSyncs } from './watch-syncs.ts';

/** Sees what is news to operators and release managers, and tells it. */
export interface Notifying {
  /** Whether there is a mail server in the settings. */
  mayMail: boolean;
  /** Look for what is to be told now. */
  watch(): Promise<void>;
  /** Send what is due now. */
  deliver(): Promise<number>;
  start(): Promise<void>;
  /** What is being sent is broken off, and sent by the next start. */
  close(): Promise<void>;
}

export interface NotifyingOptions {
  config: MasterConfig;
  logger: Logger;
  now: () => Date;
  db: Db;
}

const LONGEST_ROUND_MS = 15_000;
const SHORTEST_ROUND_MS = 100;
const DELIVER_EVERY_MS = 2_000;
const SLOW_ROUND_MS = 10 * 60_000;
const WEBHOOK_DEADLINE_MS = 10_000;

/** @throws HostError for the password's file and the file of authorities. */
export function createNotifying(o: NotifyingOptions): Notifying {
  const { config, logger, now, db } = o;
  const { notices } = config;
  const stopping = new AbortController();
  const mailer = mailerOf(config);
  const guard = createGuard({
    resolve: createResolve({ servers: config.registration.name_servers }),
    allow: config.registration.allow_addresses.map(parseCidr),
  });
  const url = publicUrl(config);
  const sending = {
    db,
    now,
    random: Math.random,
    place: () => ({ network: config.network, url }),
    mailer,
    client: createGuardedClient({ guard, deadlineMs: WEBHOOK_DEADLINE_MS }),
    userAgent: `pushmirror-notices/${VERSION} (+${url}; ${config.network})`,
    mailsAnHour: notices.mails_an_hour,
    retry: { minMs: notices.retry_min, maxMs: notices.retry_max, forMs: notices.retry_for },
    logger,
  };
  const options = () => ({
    now: now(),
    perDay: notices.a_day,
    settleMs: notices.settle,
    staleAfterMs: notices.stale_after,
    certificateBeforeMs: notices.certificate_before,
  });
  const watch = async () => {
    while ((await watchSights(db, options())) && !stopping.signal.aborted);
    await watchSyncs(db, options());
    await watchQuarantines(db, options());
    await watchRollouts(db, options());
  };
  const slowly = async () => {
    await watchCertificates(db, options());
    const signal = stopping.signal;
    const deleted = await pruneNotices(db, { keepMs: notices.keep_for, now: now(), signal });
    if (deleted > 0) logger.info({ deleted }, 'old notices deleted');
  };
  const onError = (error: unknown) => logger.error({ err: error }, 'notices were not looked after');
  const between = (ms: number, longest: number) =>
    Math.min(Math.max(ms, SHORTEST_ROUND_MS), longest);
  const deliver = () => deliverDue(sending, stopping.signal);
  const rounds = [
    every(between(notices.settle / 10, LONGEST_ROUND_MS), watch, onError),
    every(
      between(notices.retry_min / 5, DELIVER_EVERY_MS),
      async () => void (await deliver()),
      onError,
    ),
    every(between(notices.settle, SLOW_ROUND_MS), slowly, onError),
  ];
  return {
    mayMail: mailer !== undefined,
    watch: async () => {
      await watch();
      await slowly();
    },
    deliver,
    async start() {
      await beginNotices(db);
      for (const one of rounds) void one.start();
    },
    async close() {
      stopping.abort();
      for (const one of rounds) await one.stop();
      mailer?.close();
    },
  };
}
