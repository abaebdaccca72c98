import type { DbOrTrx } from './open.ts';
import type { AuditRow } from './schema.ts';

/** Who did it, from where: `cli`, an address, `master` for what the master does by itself. */
export interface Actor {
  name: string;
  origin: string;
}

/**
 * Append an entry. Call it in the transaction of what it is about, so that neither exists without
 * the other.
 */
export async function appendAudit(
  db: DbOrTrx,
  at: Date,
  actor: Actor,
  entry: { action: string; subject: string; detail?: Record<string, unknown> },
): Promise<void> {
  const last = await db
    .selectFrom('audit')
    .select(({ fn }) => fn.max('sequence').as('sequence'))
    .executeTakeFirst();
  await db
    .insertInto('audit')
    .values({
      sequence: Number(last?.sequence ?? 0) + 1,
      at: at.toISOString(),
      actor: actor.name,
      origin: actor.origin,
      action: entry.action,
      subject: entry.subject,
      detail: JSON.stringify(entry.detail ?? {}),
    })
    .execute();
}

/** Newest first. */
export function listAudit(db: DbOrTrx, limit: number): Promise<AuditRow[]> {
  return db.selectFrom('audit').selectAll().orderBy('sequence', 'desc').limit(limit).execute();
}
