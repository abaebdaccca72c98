import type { Logger } from 'pino';
import type { Heads } from './archive/heads.ts';
import { heartbeatInterval } from './archive/heartbeat.ts';
import type { MasterConfig } from './config.ts';
import type { Db } from './db/open.ts';
import { pruneOld } from './rollout/retention.ts';
import type { RolloutEngine } from './rollout/run.ts';
import { every, type Repeated } from './setup/every.ts';

interface UpkeepParts {
  config: MasterConfig;
  logger: Logger;
  heads: Heads;
  engine: RolloutEngine;
}

interface RetentionParts {
  config: MasterConfig;
  logger: Logger;
  now: () => Date;
  db: Db;
}

const RETENTION_EVERY_MS = 10 * 60_000;

/** Heads that are to be public or issued anew, and pushes that nobody speaks of. */
export function createUpkeep({ config, logger, heads, engine }: UpkeepParts): Repeated {
  const note = (changed: { archive: string; error?: unknown }[], done: string) => {
    for (const { archive, error } of changed) {
      if (error === undefined) logger.info({ archive }, done);
      else logger.error({ archive, err: error }, `not done: ${done}`);
    }
    return changed.filter(({ error }) => error === undefined);
  };
  const round = async () => {
    for (const { archive } of note(await heads.restore(), 'head made public')) {
      await engine.resume(archive);
    }
    for (const { archive } of note(await heads.beat(), 'head issued anew')) {
      await engine.refresh(archive);
    }
    await engine.sweep();
  };
  return every(heartbeatInterval(config.head_lifetime), round, (error) =>
    logger.error({ err: error }, 'upkeep failed'),
  );
}

/** Forgets what nobody need know any more. */
export function createRetention({ config, logger, now, db }: RetentionParts): Repeated {
  const { pushes_for: ms, releases } = config.retention;
  const stopping = new AbortController();
  const round = async () => {
    const pruned = await pruneOld(db, { ms, releases }, { now, signal: stopping.signal });
    if (pruned.pushes + pruned.reportCursors > 0) logger.info(pruned, 'old pushes deleted');
  };
  const rounds = every(RETENTION_EVERY_MS, round, (error) =>
    logger.error({ err: error }, 'old pushes were not deleted'),
  );
  return {
    start: () => rounds.start(),
    stop() {
      stopping.abort();
      return rounds.stop();
    },
  };
}
