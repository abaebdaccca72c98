import type { Db } from '../db/open.ts';
import { findPush, updatePush, type PushKey } from '../db/pushes.ts';
import type { PushRow } from '../db/schema.ts';
import { afterNews, type PushNews } from './state.ts';

/** What the sender of a `stage2` writes down; it moves no state. */
export type CommitNews = Partial<
  Pick<PushRow, 'commit_told_at' | 'commit_attempts' | 'commit_next_attempt_at'>
>;

/**
 * Where the news of pushes is written down. What is noted is on the disk when it resolves; what
 * follows from it may happen only then. Rejects when it could not be written.
 */
export interface Ledger {
  note(key: PushKey, news: PushNews): Promise<void>;
  noteCommit(key: PushKey, news: CommitNews): Promise<void>;
}

const NEWS_PER_TRANSACTION = 500;

type Change = Partial<Omit<PushRow, 'archive' | 'serial' | 'mirror' | 'created_at'>>;

interface Entry {
  key: PushKey;
  changeOf: (push: PushRow) => Change | undefined;
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

  const add = (key: PushKey, changeOf: Entry['changeOf']) =>
    new Promise<void>((resolve, reject) => {
      waiting.push({ key, changeOf, resolve, reject });
      if (!writing) void writeAll();
    });

  return {
    note: (key, news) => add(key, (push) => afterNews(push, news)),
    noteCommit: (key, news) => add(key, () => news),
  };
}

function write(db: Db, group: readonly Entry[]): Promise<PushRow[]> {
  return db.transaction().execute(async (trx) => {
    const moved: PushRow[] = [];
    for (const { key, changeOf } of group) {
      const push = await findPush(trx, key);
      const change = push === undefined ? undefined : changeOf(push);
      if (push === undefined || change === undefined) continue;
      await updatePush(trx, key, change);
      moved.push({ ...push, ...change });
    }
    return moved;
  });
}
