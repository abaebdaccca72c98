import { listArchives } from '../db/archives.ts';
import { newestHold } from '../db/holds.ts';
import { lastChange, readCursor, writeCursor, writeWatch } from '../db/notice-watches.ts';
import type { Db } from '../db/open.ts';
import { currentRelease } from '../db/releases.ts';
import { listBriefSightings } from '../db/sightings.ts';
import { fold } from './settle.ts';
import { endCursor, holdCursor } from './watch-rollouts.ts';
import { SIGHT_CURSOR } from './watch-sights.ts';

/** The first time, on a database that has a history: what was before is nobody's news. */
export function beginNotices(db: Db): Promise<void> {
  return db.transaction().execute(async (trx) => {
    if ((await readCursor(trx, SIGHT_CURSOR)) !== undefined) return;
    for (const sight of await listBriefSightings(trx)) {
      const row = fold(undefined, { ...sight, at: sight.since });
      await writeWatch(trx, { ...row, settled: row.class === 'behind' ? 'well' : row.class });
    }
    await writeCursor(trx, SIGHT_CURSOR, await lastChange(trx));
    for (const { name } of await listArchives(trx)) {
      const [hold, release] = [await newestHold(trx, name), await currentRelease(trx, name)];
      await writeCursor(trx, holdCursor(name), hold?.sequence ?? 0);
      await writeCursor(trx, endCursor(name), release?.serial ?? 0);
    }
  });
}
