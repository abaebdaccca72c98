import type { Db } from './open.ts';
import type { PushRow } from './schema.ts';

/** Note what was seen at a mirror; returns the pushes that were so seen for the first time. */
export function noteObserved(
  db: Db,
  of: { mirror: string; archive: string },
  seen: { serial: number | null; reason: string | null },
  at: Date,
): Promise<PushRow[]> {
  const time = at.toISOString();
  return db.transaction().execute(async (trx) => {
    await trx
      .updateTable('mirror_archive')
      .set({ observed_serial: seen.serial, observed_at: time, observed_reason: seen.reason })
      .where('mirror', '=', of.mirror)
      .where('archive', '=', of.archive)
      .execute();
    if (seen.serial === null) return [];
    return trx
      .updateTable('push')
      .set({ observed_at: time })
      .where('archive', '=', of.archive)
      .where('serial', '=', seen.serial)
      .where('mirror', '=', of.mirror)
      .where('observed_at', 'is', null)
      .returningAll()
      .execute();
  });
}
