import { appendAudit } from '../../db/audit.ts';
import { findMirror, updateMirror } from '../../db/mirrors.ts';
import type { Db } from '../../db/open.ts';
import { beginQuarantine, endQuarantine } from '../../db/quarantines.ts';
import type { PushRow } from '../../db/schema.ts';
import { listSightings, MASTER_VANTAGE } from '../../db/sightings.ts';
import { listLooking } from '../../db/vantages.ts';
import { judgeQuarantine } from './judge-quarantine.ts';

const BY = { name: 'probe', origin: 'master' };

/** What became of a mirror's quarantine; `pushes` are those that count or do not count now. */
export interface Tended {
  step: 'begin' | 'end' | undefined;
  pushes: PushRow[];
}

/** Put a mirror into quarantine for what it shows, or let it out again. */
export function tendSeen(
  db: Db,
  mirror: string,
  o: { recentMs: number; now: () => Date },
): Promise<Tended> {
  return db.transaction().execute(async (trx): Promise<Tended> => {
    const row = await findMirror(trx, mirror);
    if (row === undefined) return { step: undefined, pushes: [] };
    const at = o.now();
    const { quarantined_at: since, quarantine_by: by, quarantine_good: good } = row;
    const sights = await listSightings(trx, { mirror });
    const is = { isQuarantined: since !== null, by, good };
    const lately = new Date(at.getTime() - o.recentMs).toISOString();
    const looking = await listLooking(trx, lately);
    const vantages = [MASTER_VANTAGE, ...looking.filter((one) => one !== mirror)];
    const step = judgeQuarantine(is, sights, { recentMs: o.recentMs, vantages, now: at });
    switch (step.do) {
      case 'nothing':
        return { step: undefined, pushes: [] };
      case 'note':
        await updateMirror(trx, mirror, { quarantine_good: step.good });
        return { step: undefined, pushes: [] };
      case 'begin': {
        const { reason } = step;
        await appendAudit(trx, at, BY, {
          action: 'quarantine',
          subject: mirror,
          detail: { reason },
        });
        const begin = { mirror, reason, by: 'seen' as const, at: at.toISOString() };
        return { step: 'begin', pushes: await beginQuarantine(trx, begin) };
      }
      case 'end': {
        const entry = { action: 'quarantine-end', subject: mirror, detail: { since } };
        await appendAudit(trx, at, BY, entry);
        return { step: 'end', pushes: await endQuarantine(trx, mirror) };
      }
    }
  });
}
