import { setTimeout as delay } from 'node:timers/promises';
import type { Db } from '../db/open.ts';
import { findPush, updatePush, type PushKey } from '../db/pushes.ts';
import { afterNews, type PushNews } from './state.ts';

/** Where the news of pushes is written down. */
export interface Ledger {
  /** Resolves when the news is on the disk; what follows from it may happen only then. */
  note(key: PushKey, news: PushNews): Promise<void>;
  /** Writes what is left, once; what cannot be written is sent again after the next start. */
  close(): Promise<void>;
}

const NEWS_PER_TRANSACTION = 500;
const SHORTEST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;

interface Entry {
  key: PushKey;
  news: PushNews;
  done: () => void;
}

/**
 * Writes news in groups, so that a thousand mirrors that answer at once cost a few transactions
 * and not a thousand. Where the database cannot be written (a full disk), nothing moves on until
 * it can: it is tried again, with growing pauses.
 */
export function createLedger(db: Db, onTrouble: (error: unknown) => void): Ledger {
  const waiting: Entry[] = [];
  const closing = new AbortController();
  let writing: Promise<void> | undefined;

  const writeAll = async () => {
    let pauseMs = SHORTEST_PAUSE_MS;
    while (waiting.length > 0) {
      const group = waiting.slice(0, NEWS_PER_TRANSACTION);
      try {
        await write(db, group);
        waiting.splice(0, group.length);
        for (const entry of group) entry.done();
        pauseMs = SHORTEST_PAUSE_MS;
      } catch (error) {
        onTrouble(error);
        if (closing.signal.aborted) return;
        await delay(pauseMs, undefined, { signal: closing.signal }).catch(() => {});
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
      }
    }
  };

  return {
    note: (key, news) =>
      new Promise((resolve) => {
        waiting.push({ key, news, done: resolve });
        writing ??= Promise.resolve()
          .then(writeAll)
          .finally(() => (writing = undefined));
      }),
    async close() {
      closing.abort();
      await writing;
      // A caller that still waits is about to be closed itself; nothing was promised to it.
      for (const entry of waiting.splice(0)) entry.done();
    },
  };
}

function write(db: Db, group: readonly Entry[]): Promise<void> {
  return db.transaction().execute(async (trx) => {
    for (const { key, news } of group) {
      const push = await findPush(trx, key);
      const change = push === undefined ? undefined : afterNews(push, news);
      if (change !== undefined) await updatePush(trx, key, change);
    }
  });
}
