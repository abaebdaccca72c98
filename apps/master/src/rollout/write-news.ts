import type { PushNews } from '@pushmirror/trigger/fan-out/push';
import { hasStaged } from '@pushmirror/trigger/wire/stock';
import { noteHoldTold } from '../db/holds.ts';
import type { Db } from '../db/open.ts';
import type { CommitNews, Ledger } from './ledger.ts';
import type { Outgoing } from './outgoing.ts';

/** A mirror that will not be told to commit is asked again after so long; it may commit by itself. */
const AFTER_REFUSAL_MS = 600_000;

/** Make what became of something outgoing durable: resolves when it is on the disk. */
export async function writeNews(
  { kind, about, push }: Outgoing,
  news: PushNews,
  { db, ledger }: { db: Db; ledger: Ledger },
): Promise<void> {
  switch (kind) {
    case 'head':
      return ledger.note(about, { ...news, state: hasStaged(push, news) ? 'staged' : news.state });
    case 'commit':
      return ledger.noteCommit(about, commitNews(news));
    case 'hold': {
      if (news.state !== 'accepted') return;
      const { archive, serial: sequence, mirror } = about;
      await noteHoldTold(db, { archive, sequence, mirror, told_at: news.at.toISOString() });
    }
  }
}

function commitNews({ state, at, attempts, nextAttemptAt }: PushNews): CommitNews {
  const commit_attempts = attempts;
  switch (state) {
    case 'sending':
      return { commit_attempts };
    case 'accepted':
      return {
        commit_attempts,
        commit_told_at: at.toISOString(),
        commit_next_attempt_at: null,
      };
    case 'unreachable':
      return { commit_attempts, commit_next_attempt_at: nextAttemptAt?.toISOString() ?? null };
    case 'refused':
    case 'given-up': {
      const again = new Date(at.getTime() + AFTER_REFUSAL_MS).toISOString();
      return { commit_attempts, commit_next_attempt_at: again };
    }
  }
}
