import type { AccessRuleRow, AccessViewRow } from './access-schema.ts';
import type { DbOrTrx } from './open.ts';

export function listAccessRules(db: DbOrTrx): Promise<AccessRuleRow[]> {
  return db.selectFrom('access_rule').selectAll().orderBy('id').execute();
}

export function listAccessViews(db: DbOrTrx): Promise<AccessViewRow[]> {
  return db.selectFrom('access_view').selectAll().orderBy('archive').orderBy('name').execute();
}

/** Put these in the place of all that there are. */
export async function replaceAccess(
  db: DbOrTrx,
  rules: readonly AccessRuleRow[],
  views: readonly AccessViewRow[],
): Promise<void> {
  await db.deleteFrom('access_rule').execute();
  await db.deleteFrom('access_view').execute();
  for (const rule of rules) await db.insertInto('access_rule').values(rule).execute();
  for (const view of views) await db.insertInto('access_view').values(view).execute();
}
