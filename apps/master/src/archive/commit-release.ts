import type { SignedHead } from '@pushmirror/trigger/head/head';
import { allowedNews } from '../access/allowed-news.ts';
import { appendAudit, type Actor } from '../db/audit.ts';
import { findArchive } from '../db/archives.ts';
import { listMaintenance } from '../db/maintenance.ts';
import { listMirrors } from '../db/mirrors.ts';
import type { Db, DbOrTrx } from '../db/open.ts';
import { listOptIns } from '../db/opt-ins.ts';
import { hasOpenPush, insertPushes, supersedePushes } from '../db/pushes.ts';
import { endOlderRollouts, insertRelease } from '../db/releases.ts';
import type { PushRow, ReleaseRow } from '../db/schema.ts';
import { DEFAULT_POLICY, readPolicy, type Policy } from '../rollout/policy.ts';
import { resting } from '../registry/maintenance.ts';
import { planRollout, type PlannedPush } from '../rollout/plan.ts';
import type { Contents } from './contents.ts';

export interface Committed {
  release: ReleaseRow;
  /** How many mirrors are to be told. */
  pushes: number;
  /** The serials of older releases of which pushes were still open, and are no more. */
  superseded: number[];
  /** Pushes of a release that goes on for others: taken over one by one. */
  taken: PushRow[];
}

export interface CommitOptions {
  /** Skip waves, bake and switching together, whatever the policy says. */
  urgent: boolean;
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
  options: CommitOptions = { urgent: false },
): Promise<Committed> {
  return db.transaction().execute(async (trx) => {
    const { archive, serial } = signed.head;
    const policy = await policyFor(trx, archive, options);
    const release = {
      ...releaseRow(signed, contents, by, at),
      ...beginning(policy, options.urgent, at),
    };
    await insertRelease(trx, release);
    await endOlderRollouts(trx, archive, serial, release.published_at);
    const optedIn = await allowedNews(trx, await listOptIns(trx, { archive }));
    const asleep = resting(await listMaintenance(trx), at);
    const plan = planRollout(
      (await listMirrors(trx)).map((one) =>
        asleep.has(one.name) && one.state === 'active' ? { ...one, state: 'paused' } : one,
      ),
      new Set(optedIn.map((row) => row.mirror)),
      policy,
    );
    await insertPushes(
      trx,
      plan.map((planned) => newPush(release, planned)),
    );
    const taken = await supersedePushes(trx, release, release.published_at);
    const superseded: number[] = [];
    for (const older of new Set(taken.map((push) => push.serial))) {
      if (!(await hasOpenPush(trx, archive, older))) superseded.push(older);
    }
    const detail = { serial, files: contents.files, pushes: plan.length };
    await appendAudit(trx, at, by, { action: 'publish', subject: archive, detail });
    return {
      release,
      pushes: plan.length,
      superseded,
      taken: taken.filter((push) => !superseded.includes(push.serial)),
    };
  });
}

/** As it is at this moment: a later change is for later releases. */
async function policyFor(trx: DbOrTrx, archive: string, { urgent }: CommitOptions) {
  if (urgent) return DEFAULT_POLICY;
  return readPolicy((await findArchive(trx, archive))?.policy ?? null);
}

/** Where a rollout begins; it is public at once when nobody is to wait for anybody. */
function beginning(policy: Policy, urgent: boolean, at: Date) {
  const together = policy.switch === 'together';
  const conducted = together || policy.waves.length > 0;
  const time = at.toISOString();
  return {
    urgent: urgent ? (1 as const) : (0 as const),
    switch: policy.switch,
    waves: conducted ? JSON.stringify(policy) : null,
    wave: 0,
    phase: together ? ('staging' as const) : conducted ? ('sending' as const) : ('done' as const),
    phase_at: time,
    public_at: conducted ? null : time,
    held_at: null,
    held_reason: null,
    held_by: null,
  };
}

function releaseRow(
  signed: SignedHead,
  contents: Contents & { seconds: number },
  by: Actor,
  at: Date,
): Omit<ReleaseRow, keyof ReturnType<typeof beginning>> {
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
  };
}

function newPush(release: ReleaseRow, planned: PlannedPush): PushRow {
  const { mirror, sender, wave, quarantine } = planned;
  return {
    archive: release.archive,
    serial: release.serial,
    mirror,
    sender,
    state: quarantine === null ? 'waiting' : 'unreachable',
    attempts: 0,
    reason: quarantine,
    created_at: release.published_at,
    updated_at: release.published_at,
    next_attempt_at: null,
    sent_at: null,
    accepted_at: null,
    staged_at: null,
    committed_at: null,
    wave,
    commit_told_at: null,
    commit_attempts: 0,
    commit_next_attempt_at: null,
    left_behind_at: null,
    observed_at: null,
    quarantined: quarantine === null ? 0 : 1,
  };
}
