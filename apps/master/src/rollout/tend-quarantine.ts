import { appendAudit } from '../db/audit.ts';
import { findMirror } from '../db/mirrors.ts';
import type { Db, DbOrTrx } from '../db/open.ts';
import { listOptIns } from '../db/opt-ins.ts';
import {
  beginQuarantine,
  endQuarantine,
  newestPushes,
  unreachedMirrors,
} from '../db/quarantines.ts';
import type { PushRow } from '../db/schema.ts';
import { whyQuarantine } from './quarantine.ts';

/** Who the master is in its own audit. */
export const BY_MASTER = { name: 'master', origin: 'master' };

const PUSHES_LOOKED_AT = 50;

/**
 * Put those mirrors into quarantine that nobody has reached for too long. Returns their open pushes,
 * which count for nothing from now on.
 */
export async function quarantineUnreached(
  db: Db,
  o: { afterMs: number; givenUpSince: Date; now: () => Date },
): Promise<PushRow[]> {
  const moved: PushRow[] = [];
  for (const mirror of await unreachedMirrors(db, o.givenUpSince.toISOString())) {
    if ((await reasonFor(db, mirror, o)) === undefined) continue;
    const rows = await db.transaction().execute(async (trx) => {
      const reason = await reasonFor(trx, mirror, o); // It may have been heard of just now.
      if (reason === undefined) return [];
      const at = o.now();
      const entry = { action: 'quarantine', subject: mirror, detail: { reason } };
      await appendAudit(trx, at, BY_MASTER, entry);
      return beginQuarantine(trx, { mirror, reason, by: 'unreached', at: at.toISOString() });
    });
    moved.push(...rows);
  }
  return moved;
}

async function reasonFor(
  db: DbOrTrx,
  mirror: string,
  o: { afterMs: number; now: () => Date },
): Promise<string | undefined> {
  const heard = (await listOptIns(db, { mirror })).map((row) => row.heard_at ?? '');
  const last = heard.reduce((a, b) => (a > b ? a : b), '');
  const pushes = await newestPushes(db, mirror, PUSHES_LOOKED_AT);
  const heardAt = last === '' ? undefined : new Date(last);
  return whyQuarantine(pushes, heardAt, o.afterMs, o.now());
}

/** A mirror took a push or spoke: it counts again. Undefined when it was not in quarantine. */
export function releaseFromQuarantine(
  db: Db,
  mirror: string,
  at: Date,
): Promise<PushRow[] | undefined> {
  return db.transaction().execute(async (trx) => {
    const row = await findMirror(trx, mirror);
    if (row === undefined || row.quarantined_at === null) return undefined;
    if (row.quarantine_by === 'seen') return undefined; // Its word does not outweigh what is seen.
    const detail = { since: row.quarantined_at };
    await appendAudit(trx, at, BY_MASTER, { action: 'quarantine-end', subject: mirror, detail });
    return endQuarantine(trx, mirror);
  });
}
