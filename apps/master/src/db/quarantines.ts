import type { DbOrTrx } from './open.ts';
import type { PushRow } from './schema.ts';

const OPEN: PushRow['state'][] = ['waiting', 'sending', 'unreachable', 'accepted', 'staged'];

/** Put a mirror into quarantine, with its open pushes; returns those as they are now. */
export async function beginQuarantine(
  db: DbOrTrx,
  of: { mirror: string; reason: string; by: 'unreached' | 'seen'; at: string },
): Promise<PushRow[]> {
  await db
    .updateTable('mirror')
    .set({
      quarantined_at: of.at,
      quarantine_reason: of.reason,
      quarantine_by: of.by,
      quarantine_good: 0,
    })
    .where('name', '=', of.mirror)
    .where('quarantined_at', 'is', null)
    .execute();
  return markOpenPushes(db, of.mirror, 1);
}

/** Let it out, with its open pushes, which are tried at once. */
export async function endQuarantine(db: DbOrTrx, mirror: string): Promise<PushRow[]> {
  await db
    .updateTable('mirror')
    .set({
      quarantined_at: null,
      quarantine_reason: null,
      quarantine_by: null,
      quarantine_good: 0,
    })
    .where('name', '=', mirror)
    .execute();
  await db
    .updateTable('push')
    .set({ next_attempt_at: null })
    .where('mirror', '=', mirror)
    .where('state', '=', 'unreachable')
    .execute();
  return markOpenPushes(db, mirror, 0);
}

/** The newest pushes of a mirror, over all archives. */
export function newestPushes(db: DbOrTrx, mirror: string, limit: number): Promise<PushRow[]> {
  return db
    .selectFrom('push')
    .selectAll()
    .where('mirror', '=', mirror)
    .orderBy('created_at', 'desc')
    .limit(limit)
    .execute();
}

/** The mirrors that are not in quarantine and have a push that was tried and that they did not take. */
export async function unreachedMirrors(db: DbOrTrx, givenUpSince: string): Promise<string[]> {
  const rows = await db
    .selectFrom('push')
    .innerJoin('mirror', 'mirror.name', 'push.mirror')
    .select('push.mirror')
    .distinct()
    .where('mirror.quarantined_at', 'is', null)
    .where('push.accepted_at', 'is', null)
    .where('push.sent_at', 'is not', null)
    .where(({ eb, and, or }) =>
      or([
        eb('push.state', 'in', ['unreachable', 'sending']),
        and([eb('push.state', '=', 'given-up'), eb('push.updated_at', '>=', givenUpSince)]),
      ]),
    )
    .execute();
  return rows.map(({ mirror }) => mirror);
}

function markOpenPushes(db: DbOrTrx, mirror: string, quarantined: 0 | 1): Promise<PushRow[]> {
  return db
    .updateTable('push')
    .set({ quarantined })
    .where('mirror', '=', mirror)
    .where('state', 'in', OPEN)
    .where('quarantined', '!=', quarantined)
    .returningAll()
    .execute();
}
