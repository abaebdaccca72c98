import { listArchives } from '../db/archives.ts';
import { appendAudit, type Actor } from '../db/audit.ts';
import { updateInvite } from '../db/invites.ts';
import { insertMirror, listMirrors, updateMirror } from '../db/mirrors.ts';
import type { DbOrTrx } from '../db/open.ts';
import { insertOptIn, listOptIns } from '../db/opt-ins.ts';
import type { RegistrationRow } from '../db/registration-schema.ts';
import { updateRegistration } from '../db/registrations.ts';
import type { MirrorRow, Role } from '../db/schema.ts';
import { insertToken, revokeTokensOf } from '../db/tokens.ts';
import { MasterError } from '../errors.ts';
import { checkNewMirror, type Known, type NewMirror } from './new-mirror.ts';
import { placeFor } from './place.ts';
import { keptRequest, type KeptRequest } from './registration-request.ts';
import { MASTER } from './tree.ts';

export interface Approval {
  by: Actor;
  at: Date;
  /** `master`, or a mirror; where the policy puts it when left out. */
  upstream?: string | undefined;
}

/**
 * Make a mirror of a registration, within the caller's transaction: the mirror, its opt-ins, its
 * tokens, and the audit entry. One that is known gets new keys, and its old agent token is refused
 * from now on.
 *
 * @throws MasterError as `checkNewMirror` does.
 */
export async function approve(
  trx: DbOrTrx,
  registration: RegistrationRow,
  approval: Approval,
): Promise<void> {
  const request = keptRequest.parse(JSON.parse(registration.request));
  const known = {
    mirrors: await listMirrors(trx),
    archives: await listArchives(trx),
    optIns: await listOptIns(trx),
  };
  const before = known.mirrors.find(({ name }) => name === request.name);
  const isRenewal = before !== undefined && before.state !== 'left';
  const upstream = upstreamFor(request, isRenewal ? before : undefined, known, approval);
  const archives = isRenewal ? withKept(request, known) : request.archives;
  const wanted = asNewMirror({ ...request, archives }, upstream);
  const row = checkNewMirror(wanted, without(known, request), approval.at);
  const at = approval.at.toISOString();
  if (isRenewal) await updateMirror(trx, row.name, renewed(row, before, at));
  else if (before === undefined) await insertMirror(trx, row);
  else await updateMirror(trx, row.name, row);
  await optIn(trx, request, known, at);
  await bringIntoForce(trx, registration, at);
  const action = isRenewal ? 'mirror-renew' : 'mirror-approve';
  const detail = {
    registration: registration.id,
    invite: registration.invite,
    upstream: upstream ?? MASTER,
    archives: request.archives,
  };
  await appendAudit(trx, approval.at, approval.by, { action, subject: row.name, detail });
}

function upstreamFor(
  request: KeptRequest,
  renewing: MirrorRow | undefined,
  known: Known & { mirrors: readonly MirrorRow[] },
  { upstream }: Approval,
): string | undefined {
  if (upstream !== undefined) return upstream === MASTER ? undefined : upstream;
  if (renewing !== undefined) return renewing.upstream ?? undefined;
  const { name, archives, country = null, upstream: wish } = request;
  return placeFor({ name, archives, country, wish }, known) ?? undefined;
}

function asNewMirror(request: KeptRequest, upstream: string | undefined): NewMirror {
  const { space: _, upstream: __, ...rest } = request;
  return { ...rest, kind: 'agent', upstream };
}

/** A mirror that comes back keeps what it carried, so that its upstream must have that, too. */
function withKept({ name, archives }: KeptRequest, { optIns }: Known): string[] {
  const kept = optIns.filter(({ mirror }) => mirror === name);
  return [...new Set([...archives, ...kept.map(({ archive }) => archive)])];
}

/** What is known, but for the mirror itself, whose name may be its own. */
function without(known: Known, { name }: KeptRequest): Known {
  return { ...known, mirrors: known.mirrors.filter((mirror) => mirror.name !== name) };
}

/** Whoever comes back after a lost disk is the same mirror with other keys. */
function renewed(row: MirrorRow, before: MirrorRow, at: string): Partial<MirrorRow> {
  const { upstream, ssh_host, ssh_port, ssh_user, host_key } = row;
  const back = before.state === 'suspended' ? { state: 'active' as const } : {};
  return {
    ...back,
    upstream,
    ssh_host,
    ssh_port,
    ssh_user,
    host_key,
    push_key: row.push_key ?? before.push_key,
    state_at: at,
    state_reason: null,
  };
}

async function optIn(trx: DbOrTrx, request: KeptRequest, known: Known, at: string): Promise<void> {
  const { name: mirror } = request;
  for (const archive of new Set(request.archives)) {
    if (known.optIns.some((one) => one.mirror === mirror && one.archive === archive)) continue;
    await insertOptIn(trx, { mirror, archive, opted_in_at: at });
  }
}

/** The tokens that the registration promised, instead of those of before. */
async function bringIntoForce(trx: DbOrTrx, row: RegistrationRow, at: string): Promise<void> {
  const { mirror, invite } = row;
  await revokeTokensOf(trx, { mirror, role: 'agent' }, at);
  const token = (role: Role, id: string, sha256: string) => ({
    id,
    sha256,
    role,
    mirror,
    label: `${role} ${mirror}`,
    created_at: at,
    created_by: `registration ${row.id}`,
    revoked_at: null,
  });
  await insertToken(trx, token('agent', row.agent_token, row.agent_sha256));
  await insertToken(trx, token('operator', row.operator_token, row.operator_sha256));
  if (invite !== null) await updateInvite(trx, invite, { used_at: at, used_for: mirror });
  await updateRegistration(trx, row.id, { state: 'approved', decided_at: at });
}

/** @throws MasterError `already-decided` when nothing can come of a registration any more. */
export function mustBeOpen(row: RegistrationRow | undefined): asserts row is RegistrationRow {
  if (row === undefined) {
    throw new MasterError('unknown-mirror', 'There is no such registration.');
  }
  if (row.state === 'proving' || row.state === 'review') return;
  throw new MasterError('already-decided', `This registration is ${row.state}.`);
}
