import type { DbOrTrx } from './open.ts';
import type { PushRow } from './schema.ts';

/** In a transaction: note what was seen at a mirror; returns the pushes that were so seen for the first time. */
export async function noteObserved(
  trx: DbOrTrx,
  of: { mirror: string; archive: string },
  seen: { serial: number | null; reason: string | null },
  at: Date,
): Promise<PushRow[]> {
  const time = at.toISOString();
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
}
