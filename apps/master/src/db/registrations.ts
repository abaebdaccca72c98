import type { DbOrTrx } from './open.ts';
import type { RegistrationRow, RegistrationState } from './registration-schema.ts';

/** States in which something may still come of it. */
const OPEN: RegistrationState[] = ['proving', 'review'];

export function insertRegistration(db: DbOrTrx, row: RegistrationRow) {
  return db.insertInto('registration').values(row).execute();
}

export function findRegistration(db: DbOrTrx, id: string): Promise<RegistrationRow | undefined> {
  return db.selectFrom('registration').selectAll().where('id', '=', id).executeTakeFirst();
}

/** Of one mirror's name or of all, the newest first. */
export function openRegistrations(db: DbOrTrx, mirror?: string): Promise<RegistrationRow[]> {
  let query = db.selectFrom('registration').selectAll().where('state', 'in', OPEN);
  if (mirror !== undefined) query = query.where('mirror', '=', mirror);
  return query.orderBy('created_at', 'desc').orderBy('id').execute();
}

export async function countOpenRegistrations(
  db: DbOrTrx,
  of: { origin?: string } = {},
): Promise<number> {
  let query = db
    .selectFrom('registration')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('state', 'in', OPEN);
  if (of.origin !== undefined) query = query.where('origin', '=', of.origin);
  return Number((await query.executeTakeFirst())?.count ?? 0);
}

export function updateRegistration(
  db: DbOrTrx,
  id: string,
  change: Partial<Omit<RegistrationRow, 'id' | 'created_at'>>,
) {
  return db.updateTable('registration').set(change).where('id', '=', id).execute();
}

/** Nothing came of those that were made before a time. */
export function expireRegistrations(db: DbOrTrx, madeBefore: string, at: string) {
  return db
    .updateTable('registration')
    .set({ state: 'expired', decided_at: at, decided_by: 'master', reason: 'It took too long.' })
    .where('state', 'in', OPEN)
    .where('created_at', '<', madeBefore)
    .execute();
}
