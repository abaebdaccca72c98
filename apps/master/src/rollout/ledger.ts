import type { Db } from '../db/open.ts';
import { findPush, updatePush, type PushKey } from '../db/pushes.ts';
import type { PushRow } from '../db/schema.ts';
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
 * and not a thousand. `onMoved` hears of every push that changed, once that is on the disk.
 */
export function createLedger(
  db: Db,
  onMoved: (pushes: readonly PushRow[]) => void = () => {},
): Ledger {
  const waiting: Entry[] = [];
  let writing = false;

  const writeAll = async () => {
    writing = true;
    while (waiting.length > 0) {
      const group = waiting.splice(0, NEWS_PER_TRANSACTION);
      try {
        const moved = await write(db, group);
        for (const entry of group) entry.resolve();
        onMoved(moved);
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

function write(db: Db, group: readonly Entry[]): Promise<PushRow[]> {
  return db.transaction().execute(async (trx) => {
    const moved: PushRow[] = [];
    for (const { key, news } of group) {
      const push = await findPush(trx, key);
      const change = push === undefined ? undefined : afterNews(push, news);
      if (push === undefined || change === undefined) continue;
      await updatePush(trx, key, change);
      moved.push({ ...push, ...change });
    }
    return moved;
  });
}
