import type { Db } from '../db/open.ts';
import { findPush, updatePush, type PushKey } from '../db/pushes.ts';
import { afterNews, type PushNews } from './state.ts';

/** Where the news of pushes is written down. */
export interface Ledger {
  /**
   * Resolves when the news is on the disk; what follows from it may happen only then. Rejects when
   * it could not be written.
   */
  note(key: PushKey, news: PushNews): Promise<void>;
}

const NEWS_PER_TRANSACTION = 500;

interface Entry {
  key: PushKey;
  news: PushNews;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/**
 * Writes news in groups, so that a thousand mirrors that answer at once cost a few transactions
 * and not a thousand.
 */
export function createLedger(db: Db): Ledger {
  const waiting: Entry[] = [];
  let writing = false;

  const writeAll = async () => {
    writing = true;
    while (waiting.length > 0) {
      const group = waiting.splice(0, NEWS_PER_TRANSACTION);
      try {
        await write(db, group);
        for (const entry of group) entry.resolve();
      } catch (error) {
        for (const entry of group) entry.reject(error);
      }
    }
    writing = false;
  };

  return {
    note: (key, news) =>
      new Promise((resolve, reject) => {
        waiting.push({ key, news, resolve, reject });
        if (!writing) void writeAll();
      }),
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
