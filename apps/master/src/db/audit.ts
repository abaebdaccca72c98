import { chainDigest } from '../audit/chain.ts';
import type { DbOrTrx } from './open.ts';
import type { AuditRow } from './schema.ts';

/** Who did it, from where: `cli`, an address, `master` for what the master does by itself. */
export interface Actor {
  name: string;
  origin: string;
}

/**
 * Append an entry, chained to the one before. Call it in the transaction of what it is about, so
 * that neither exists without the other.
 */
export async function appendAudit(
  db: DbOrTrx,
  at: Date,
  actor: Actor,
  entry: { action: string; subject: string; detail?: Record<string, unknown> },
): Promise<void> {
  const [last] = await listAudit(db, { order: 'newest', limit: 1 });
  const row = {
    sequence: (last?.sequence ?? 0) + 1,
    at: at.toISOString(),
    actor: actor.name,
    origin: actor.origin,
    action: entry.action,
    subject: entry.subject,
    detail: JSON.stringify(entry.detail ?? {}),
  };
  const digest = chainDigest(row, last?.digest ?? '');
  await db
    .insertInto('audit')
    .values({ ...row, digest })
    .execute();
}

export interface AuditQuery {
  order: 'newest' | 'oldest';
  limit: number;
  /** Only entries behind this sequence, in that order. */
  after?: number | undefined;
  subject?: string | undefined;
  action?: string | undefined;
}

export function listAudit(db: DbOrTrx, o: AuditQuery): Promise<AuditRow[]> {
  const [direction, behind] =
    o.order === 'newest' ? (['desc', '<'] as const) : (['asc', '>'] as const);
  let query = db.selectFrom('audit').selectAll().orderBy('sequence', direction).limit(o.limit);
  if (o.after !== undefined) query = query.where('sequence', behind, o.after);
  if (o.subject !== undefined) query = query.where('subject', '=', o.subject);
  if (o.action !== undefined) query = query.where('action', '=', o.action);
  return query.execute();
}

/** When mirrors were put into quarantine and let out again, newest first. */
export function listQuarantineAudit(
  db: DbOrTrx,
  o: { mirror?: string | undefined; limit: number },
): Promise<AuditRow[]> {
  let query = db
    .selectFrom('audit')
    .selectAll()
    .where('action', 'in', ['quarantine', 'quarantine-end'])
    .orderBy('sequence', 'desc')
    .limit(o.limit);
  if (o.mirror !== undefined) query = query.where('subject', '=', o.mirror);
  return query.execute();
}

const PAGE = 1000;

/**
 * Chain the entries from before there was a chain; only where none is chained, since one that has
 * lost its digest later was tampered with.
 */
export async function chainOldEntries(db: DbOrTrx): Promise<void> {
  const chained = db.selectFrom('audit').select('sequence').where('digest', 'is not', null);
  if ((await chained.limit(1).executeTakeFirst()) !== undefined) return;
  let after = 0;
  let digest = '';
  for (;;) {
    const rows = await listAudit(db, { order: 'oldest', limit: PAGE, after });
    for (const row of rows) {
      digest = chainDigest(row, digest);
      const { sequence } = row;
      await db.updateTable('audit').set({ digest }).where('sequence', '=', sequence).execute();
      after = sequence;
    }
    if (rows.length < PAGE) return;
  }
}
