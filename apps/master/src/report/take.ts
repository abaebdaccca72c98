import { isTerminal, type Report } from '@pushmirror/trigger';
import { appendAudit, type Actor } from '../db/audit.ts';
import { findMirror } from '../db/mirrors.ts';
import type { Db, DbOrTrx } from '../db/open.ts';
import { listOptIns, updateClaim } from '../db/opt-ins.ts';
import { findPush, updatePush, type PushKey } from '../db/pushes.ts';
import { findRelease } from '../db/releases.ts';
import { readCursor, writeCursor } from '../db/report-cursors.ts';
import type { PushRow } from '../db/schema.ts';
import { afterNews, type PushNews } from '../rollout/state.ts';
import { judgeReport } from './judge.ts';

/** What a batch of reports did. */
export interface Taken {
  /** The id of the last one; the agent may forget it and all before it. */
  acknowledged: string | null;
  /** Pushes that reached a terminal state: nothing more need be sent for them. */
  ended: PushKey[];
  /** Every push that changed, as it is now. */
  moved: PushRow[];
}

/**
 * Take the reports of one mirror, in one transaction. Each is taken once however often it is
 * delivered; one that may not be believed is noted in the audit, and acknowledged all the same, so
 * that it does not stop those behind it.
 */
export function takeReports(
  db: Db,
  reporter: string,
  reports: readonly Report[],
  o: { origin: string; now: () => Date },
): Promise<Taken> {
  return db.transaction().execute(async (trx) => {
    const at = o.now();
    const cursors = new Map<string, number>();
    const taking: Taking = { at, ended: [], moved: [], refused: [] };
    for (const report of reports) {
      const { instance, number } = partsOf(report.id);
      const seen = cursors.get(instance) ?? (await readCursor(trx, { mirror: reporter, instance }));
      if (number <= seen) continue;
      cursors.set(instance, number);
      await takeOne(trx, reporter, report, taking);
    }
    await noteRefused(trx, { name: reporter, origin: o.origin }, taking);
    for (const [instance, number] of cursors) {
      await writeCursor(trx, { mirror: reporter, instance, number, taken_at: at.toISOString() });
    }
    return { acknowledged: reports.at(-1)?.id ?? null, ended: taking.ended, moved: taking.moved };
  });
}

interface Taking {
  at: Date;
  ended: PushKey[];
  moved: PushRow[];
  refused: { report: Report; reason: string }[];
}

async function takeOne(
  trx: DbOrTrx,
  reporter: string,
  report: Report,
  taking: Taking,
): Promise<void> {
  const { archive, serial } = report;
  const release = await findRelease(trx, archive, serial);
  const about = { archive, serial, mirror: report.mirror ?? reporter };
  const optIns = await listOptIns(trx, { mirror: reporter, archive });
  const effect = judgeReport(report, {
    reporter,
    epoch: release?.epoch,
    optedIn: optIns.length > 0,
    sender: report.event === 'push' ? (await findPush(trx, about))?.sender : undefined,
    stock: report.event === 'push' && (await findMirror(trx, about.mirror))?.kind === 'ftpsync',
  });
  if (effect.kind === 'refused') {
    taking.refused.push({ report, reason: effect.reason });
    return;
  }
  if (effect.kind === 'claim') await writeClaim(trx, reporter, report, effect.served, taking.at);
  if (effect.state === undefined) return;
  const key = { archive, serial, mirror: effect.mirror };
  const { attempts, reason } = report;
  await movePush(trx, key, { state: effect.state, attempts, reason, at: taking.at }, taking);
}

/** One entry a batch, however many: nobody fills the audit with false reports. */
async function noteRefused(trx: DbOrTrx, actor: Actor, { at, refused }: Taking): Promise<void> {
  const [first] = refused;
  if (first === undefined) return;
  const { archive, serial, event } = first.report;
  const detail = { count: refused.length, first: { archive, serial, event, reason: first.reason } };
  await appendAudit(trx, at, actor, { action: 'report-refused', subject: actor.name, detail });
}

async function movePush(trx: DbOrTrx, key: PushKey, news: PushNews, taking: Taking): Promise<void> {
  const push = await findPush(trx, key);
  if (push === undefined) return; // It opted in after this release: there was nothing to push.
  const change = afterNews(push, news);
  if (change === undefined) return;
  await updatePush(trx, key, change);
  taking.moved.push({ ...push, ...change });
  if (isTerminal(change.state)) taking.ended.push(key);
}

function writeClaim(
  trx: DbOrTrx,
  mirror: string,
  report: Report,
  served: boolean,
  at: Date,
): Promise<unknown> {
  const said = new Date(report.at).toISOString();
  return updateClaim(
    trx,
    { mirror, archive: report.archive },
    {
      said_event: report.event,
      said_serial: report.serial,
      said_at: said,
      said_reason: report.reason ?? null,
      said_rsync_code: report.rsync?.code ?? null,
      retry_at: report.retryAt ?? null,
      heard_at: at.toISOString(),
      ...(served
        ? {
            served_serial: report.serial,
            served_at: said,
            served_bytes: report.bytes ?? null,
            served_seconds: report.seconds ?? null,
          }
        : {}),
    },
  );
}

function partsOf(id: string): { instance: string; number: number } {
  const [instance = '', number = '0'] = id.split(':');
  return { instance, number: Number(number) };
}
