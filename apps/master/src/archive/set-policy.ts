import { findArchive, updatePolicy } from '../db/archives.ts';
import { appendAudit, type Actor } from '../db/audit.ts';
import { listMirrors } from '../db/mirrors.ts';
import type { Db, DbOrTrx } from '../db/open.ts';
import { listOptIns } from '../db/opt-ins.ts';
import type { ArchiveRow } from '../db/schema.ts';
import { MasterError, unknownArchive } from '../errors.ts';
import { checkProgram } from '../rollout/check-program.ts';
import { readPolicy, REST, type Policy } from '../rollout/policy.ts';
import { membersOf } from '../rollout/waves.ts';

/** An archive's policy, and what it comes to with the mirrors that there are now. */
export interface PolicyNow {
  archive: ArchiveRow;
  policy: Policy;
  /** Every wave with all that it takes with it, the rest last. */
  waves: { name: string; mirrors: string[] }[];
}

/** What is to change: the whole policy, or only how releases switch. */
export type PolicyChange = { policy: Policy } | { switch: Policy['switch'] };

/**
 * Change how the releases of an archive roll out, from the next one on.
 *
 * @throws MasterError `unknown-archive`, or `invalid` with what is wrong.
 */
export async function setPolicy(
  db: Db,
  name: string,
  change: PolicyChange,
  by: Actor,
  o: { now: () => Date; checks: string | undefined },
): Promise<PolicyNow> {
  if ('policy' in change) {
    for (const { gate } of change.policy.waves) {
      if (gate.check !== null) await checkProgram(gate.check[0], o.checks);
    }
  }
  return db.transaction().execute(async (trx) => {
    const archive = await archiveNamed(trx, name);
    const before = readPolicy(archive.policy);
    const policy = 'policy' in change ? change.policy : { ...before, switch: change.switch };
    checkSwitch(policy, archive);
    await checkMirrors(policy, archive, trx);
    const text = JSON.stringify(policy);
    await updatePolicy(trx, name, text);
    await appendAudit(trx, o.now(), by, {
      action: 'archive-policy',
      subject: name,
      detail: { policy },
    });
    return policyNow(trx, { ...archive, policy: text });
  });
}

/** @throws MasterError `unknown-archive` */
export async function readPolicyNow(db: DbOrTrx, name: string): Promise<PolicyNow> {
  return policyNow(db, await archiveNamed(db, name));
}

async function policyNow(db: DbOrTrx, archive: ArchiveRow): Promise<PolicyNow> {
  const policy = readPolicy(archive.policy);
  const carriers = await carriersOf(db, archive.name);
  const members = membersOf(policy, await listMirrors(db));
  return {
    archive,
    policy,
    waves: members.map(({ wave, mirrors }) => ({
      name: policy.waves[wave]?.name ?? REST,
      mirrors: mirrors.filter((mirror) => carriers.has(mirror)),
    })),
  };
}

async function archiveNamed(db: DbOrTrx, name: string): Promise<ArchiveRow> {
  const archive = await findArchive(db, name);
  if (archive !== undefined) return archive;
  throw unknownArchive(name);
}

/** Without a manifest a mirror cannot stage: it has only what its upstream shows. */
function checkSwitch(policy: Policy, { name, mode }: ArchiveRow): void {
  if (policy.switch !== 'together' || mode === 'manifest') return;
  throw invalid(`${name} is published without a manifest, so its mirrors cannot switch together.`);
}

async function checkMirrors(policy: Policy, archive: ArchiveRow, db: DbOrTrx): Promise<void> {
  const carriers = await carriersOf(db, archive.name);
  const seen = new Map<string, string>();
  for (const { name, mirrors } of policy.waves) {
    for (const mirror of mirrors) {
      if (!carriers.has(mirror)) {
        throw invalid(`wave ${name}: no mirror ${mirror} carries ${archive.name}.`);
      }
    }
  }
  const taken = membersOf(policy, await listMirrors(db));
  for (const { wave, mirrors } of taken) {
    for (const mirror of mirrors) seen.set(mirror, policy.waves[wave]?.name ?? REST);
  }
  for (const { name, mirrors } of policy.waves) {
    const earlier = mirrors.find((mirror) => seen.get(mirror) !== name);
    if (earlier === undefined) continue;
    throw invalid(
      `wave ${name}: ${earlier} goes with the wave ${seen.get(earlier)}, which takes the whole subtree that it stands in.`,
    );
  }
}

async function carriersOf(db: DbOrTrx, archive: string): Promise<Set<string>> {
  return new Set((await listOptIns(db, { archive })).map(({ mirror }) => mirror));
}

function invalid(message: string): MasterError {
  return new MasterError('invalid', message);
}
