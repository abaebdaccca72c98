import type { DbOrTrx } from './open.ts';
import type { MaintenanceRow } from './operator-schema.ts';

export function insertMaintenance(db: DbOrTrx, row: MaintenanceRow) {
  return db.insertInto('maintenance').values(row).execute();
}

/** Of one mirror, or of all. */
export function listMaintenance(db: DbOrTrx, mirror?: string): Promise<MaintenanceRow[]> {
  let query = db.selectFrom('maintenance').selectAll().orderBy('mirror').orderBy('added_at');
  if (mirror !== undefined) query = query.where('mirror', '=', mirror);
  return query.execute();
}

export async function deleteMaintenance(
  db: DbOrTrx,
  of: { mirror: string; id: string },
): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('maintenance')
    .where('mirror', '=', of.mirror)
    .where('id', '=', of.id)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows) > 0;
}

/** Windows that are over for good. */
export function deletePastMaintenance(db: DbOrTrx, mirror: string, at: string) {
  return db
    .deleteFrom('maintenance')
    .where('mirror', '=', mirror)
    .where('ends_at', '<', at)
    .execute();
}
