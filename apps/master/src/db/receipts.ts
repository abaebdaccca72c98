import { sql } from 'kysely';
import type { DbOrTrx } from './open.ts';
import type { PushRow } from './schema.ts';

/** What is known of one mirror and one release. */
export interface ReceiptRow extends Partial<Nulls<Omit<PushRow, 'mirror'>>> {
  mirror: string;
  /** The serial that it last said to serve, and when. */
  served_serial: number | null;
  served_at: string | null;
  /** The serial that was last seen at its public address, and when that was looked at. */
  seen_serial: number | null;
  seen_at: string | null;
}

type Nulls<T> = { [K in keyof T]: T[K] | null };

/**
 * The mirrors that were to hear of a release, and those that say they serve it though nobody
 * pushed them: by name, after `after`, at most `limit`.
 */
export function listReceipts(
  db: DbOrTrx,
  o: {
    archive: string;
    serial: number;
    after: string;
    limit: number;
    /** Only of these. */
    mirrors?: readonly string[];
  },
): Promise<ReceiptRow[]> {
  const query = db
    .selectFrom('mirror')
    .leftJoin('push', (join) =>
      join
        .onRef('push.mirror', '=', 'mirror.name')
        .on('push.archive', '=', o.archive)
        .on('push.serial', '=', o.serial),
    )
    .leftJoin('mirror_archive', (join) =>
      join
        .onRef('mirror_archive.mirror', '=', 'mirror.name')
        .on('mirror_archive.archive', '=', o.archive),
    )
    .select('mirror.name as mirror')
    .select(['push.sender', 'push.state', 'push.attempts', 'push.reason', 'push.created_at'])
    .select(['push.sent_at', 'push.accepted_at', 'push.staged_at', 'push.committed_at'])
    .select(['push.wave', 'push.left_behind_at', 'push.observed_at'])
    .select(['mirror_archive.served_serial', 'mirror_archive.served_at'])
    .select('mirror_archive.observed_serial as seen_serial')
    .select('mirror_archive.observed_at as seen_at')
    .where('mirror.name', '>', o.after)
    .where(({ eb, or }) =>
      or([
        eb('push.mirror', 'is not', null),
        eb('mirror_archive.served_serial', '=', sql<number>`${o.serial}`),
      ]),
    )
    .orderBy('mirror.name')
    .limit(o.limit);
  const of = o.mirrors === undefined ? query : query.where('mirror.name', 'in', o.mirrors);
  return of.execute();
}
