import { setImmediate as turn } from 'node:timers/promises';
import { listArchives } from '../db/archives.ts';
import type { Db } from '../db/open.ts';
import { deletePushes, hasOpenPush } from '../db/pushes.ts';
import { markPruned, unprunedReleases } from '../db/releases.ts';
import { deleteOldCursors } from '../db/report-cursors.ts';
import { releasesToPrune, type RetentionPolicy } from './old-releases.ts';

/** What one round of forgetting did. */
export interface Pruned {
  releases: number;
  pushes: number;
  reportCursors: number;
}

/** A short transaction each, so that a report or a push waits for none of it. */
const ROWS_PER_TRANSACTION = 500;
/** A round has an end; the next one carries on. */
const TRANSACTIONS_PER_ROUND = 400;
/** State folders of one mirror of which it is remembered how far their reports were taken. */
const CURSORS_PER_MIRROR = 16;

/** Delete the pushes of old releases, and how far reports of long silent state folders were taken. */
export async function pruneOld(
  db: Db,
  policy: RetentionPolicy,
  o: { now: () => Date; signal: AbortSignal },
): Promise<Pruned> {
  const pruned: Pruned = { releases: 0, pushes: 0, reportCursors: 0 };
  let left = TRANSACTIONS_PER_ROUND;

  /** `work` deletes some, and says how many; until there are none. */
  const untilNone = async (work: () => Promise<number>): Promise<number> => {
    let sum = 0;
    while (left > 0 && !o.signal.aborted) {
      left -= 1;
      const count = await work();
      sum += count;
      if (count === 0) break;
      await turn();
    }
    return sum;
  };

  for (const { name } of await listArchives(db)) {
    for (const release of releasesToPrune(await unprunedReleases(db, name), policy, o.now())) {
      pruned.pushes += await untilNone(() => deletePushes(db, release, ROWS_PER_TRANSACTION));
      if (left === 0 || o.signal.aborted) return pruned;
      if (await hasOpenPush(db, release.archive, release.serial)) continue;
      await markPruned(db, release, o.now().toISOString());
      pruned.releases += 1;
    }
  }
  pruned.reportCursors = await untilNone(() =>
    db.transaction().execute((trx) =>
      deleteOldCursors(trx, {
        silentSince: new Date(o.now().getTime() - policy.ms).toISOString(),
        keep: CURSORS_PER_MIRROR,
        limit: ROWS_PER_TRANSACTION,
      }),
    ),
  );
  return pruned;
}
