import type { SignedHead } from '@pushmirror/trigger/head/head';
import { appendAudit, type Actor } from '../db/audit.ts';
import { listMirrors } from '../db/mirrors.ts';
import type { Db } from '../db/open.ts';
import { listOptIns } from '../db/opt-ins.ts';
import { insertPushes, supersedePushes } from '../db/pushes.ts';
import { insertRelease } from '../db/releases.ts';
import type { PushRow, ReleaseRow } from '../db/schema.ts';
import { planRollout, type PlannedPush } from '../rollout/plan.ts';
import type { Contents } from './contents.ts';

export interface Committed {
  release: ReleaseRow;
  /** How many mirrors are to be told. */
  pushes: number;
  /** The serials of older releases of which pushes were still open, and are no more. */
  superseded: number[];
}

/**
 * The moment at which a release exists: itself, one push for every mirror that is to hear of it,
 * the end of older pushes, and the audit entry, in one transaction. What this resolves is never
 * lost; what fails has left nothing.
 */
export async function commitRelease(
  db: Db,
  signed: SignedHead,
  contents: Contents & { seconds: number },
  by: Actor,
  at: Date,
): Promise<Committed> {
  const release = releaseRow(signed, contents, by, at);
  const { archive, serial } = release;
  return db.transaction().execute(async (trx) => {
    await insertRelease(trx, release);
    const optedIn = await listOptIns(trx, { archive });
    const plan = planRollout(await listMirrors(trx), new Set(optedIn.map((row) => row.mirror)));
    await insertPushes(
      trx,
      plan.map((planned) => newPush(release, planned)),
    );
    const taken = await supersedePushes(trx, release, release.published_at);
    const superseded = [...new Set(taken.map((push) => push.serial))];
    const detail = { serial, files: contents.files, pushes: plan.length };
    await appendAudit(trx, at, by, { action: 'publish', subject: archive, detail });
    return { release, pushes: plan.length, superseded };
  });
}

function releaseRow(
  signed: SignedHead,
  contents: Contents & { seconds: number },
  by: Actor,
  at: Date,
): ReleaseRow {
  const { archive, serial, epoch, manifest, issued, expires } = signed.head;
  const { files, bytes, changed, dropped, seconds } = contents;
  return {
    archive,
    serial,
    epoch,
    manifest_sha256: manifest?.sha256 ?? null,
    manifest_bytes: manifest?.bytes ?? null,
    head: signed.bytes.toString('latin1'),
    issued_at: issued.toISOString(),
    expires_at: expires.toISOString(),
    files,
    bytes,
    changed,
    dropped,
    seconds,
    published_at: at.toISOString(),
    published_by: by.name,
    pruned_at: null,
    urgent: 0,
    switch: 'as-ready',
    waves: null,
    wave: 0,
    phase: 'done',
    phase_at: at.toISOString(),
    public_at: at.toISOString(),
    held_at: null,
    held_reason: null,
    held_by: null,
  };
}

function newPush(release: ReleaseRow, { mirror, sender }: PlannedPush): PushRow {
  return {
    archive: release.archive,
    serial: release.serial,
    mirror,
    sender,
    state: 'waiting',
    attempts: 0,
    reason: null,
    created_at: release.published_at,
    updated_at: release.published_at,
    next_attempt_at: null,
    sent_at: null,
    accepted_at: null,
    staged_at: null,
    committed_at: null,
    wave: 0,
    commit_told_at: null,
    commit_attempts: 0,
    commit_next_attempt_at: null,
    left_behind_at: null,
    observed_at: null,
    quarantined: 0,
  };
}
