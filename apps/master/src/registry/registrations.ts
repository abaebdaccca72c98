import type { Actor } from '../db/audit.ts';
import { appendAudit } from '../db/audit.ts';
import { findInvite } from '../db/invites.ts';
import { findMirror, listMirrors } from '../db/mirrors.ts';
import type { Db, DbOrTrx } from '../db/open.ts';
import type { RegistrationRow } from '../db/registration-schema.ts';
import { findRegistration, openRegistrations, updateRegistration } from '../db/registrations.ts';
import { currentRelease } from '../db/releases.ts';
import type { MirrorRow } from '../db/schema.ts';
import { MasterError } from '../errors.ts';
import { approve, mustBeOpen } from './approve.ts';
import { beginRegistration, challengePath, type Begun } from './begin-registration.ts';
import { findingsSchema, missingIn, type Findings } from './findings.ts';
import { isGood } from './invites.ts';
import { nextStep, type Circumstances, type RegistrationPolicy } from './policy.ts';
import type { Claim } from './prove.ts';
import { othersWithHostKey } from './same-host-key.ts';
import { keptRequest, type RegistrationRequest } from './registration-request.ts';

/** Operators' wishes to have a mirror here, from the first word to the decision. */
export interface Registrations {
  begin(request: RegistrationRequest, origin: string): Promise<Begun>;
  /** Look at the mirror from outside, unless that was done a moment ago, and take the next step. */
  check(id: string): Promise<RegistrationRow>;
  /** An administrator's word. `which` is a registration, or the name of a mirror that has just one. */
  approve(which: string, by: Actor, upstream?: string): Promise<RegistrationRow>;
  refuse(which: string, by: Actor, reason: string): Promise<RegistrationRow>;
}

export interface RegistrationsOptions {
  db: Db;
  now: () => Date;
  policy: RegistrationPolicy;
  prove: (claim: Claim) => Promise<Findings>;
  /** Told when a mirror came, or came back. */
  onMirrorsChanged: () => Promise<void>;
}

const BETWEEN_LOOKS_MS = 2_000;

export function createRegistrations(o: RegistrationsOptions): Registrations {
  const { db, now, policy } = o;
  const underWay = new Map<string, Promise<RegistrationRow>>();

  async function look(row: RegistrationRow): Promise<RegistrationRow> {
    const known = await findMirror(db, row.mirror);
    const findings = await o.prove(await claimOf(db, row, known));
    const step = await db.transaction().execute(async (trx) => {
      const fresh = await findRegistration(trx, row.id);
      mustBeOpen(fresh);
      const change = { findings: JSON.stringify(findings), checked_at: findings.at };
      await updateRegistration(trx, row.id, change);
      const still = await findMirror(trx, row.mirror);
      if (standingOf(still) !== standingOf(known) || still?.http_url !== known?.http_url) {
        return 'proving'; // What was proven is not what is asked for now: look again.
      }
      const invited = await isInvited(trx, fresh, now());
      const { hostKey } = keptRequest.parse(JSON.parse(fresh.request));
      const same = othersWithHostKey(await listMirrors(trx), fresh.mirror, hostKey);
      const next = nextStep({
        policy,
        invited,
        known: standingOf(still),
        findings,
        sameHostKey: same.length > 0,
      });
      const renewal = standingOf(still) === 'no' ? 0 : 1;
      if (next !== 'approve') await updateRegistration(trx, row.id, { state: next, renewal });
      else {
        const by = { name: 'master', origin: row.origin };
        await updateRegistration(trx, row.id, { decided_by: 'master', renewal });
        await approve(trx, fresh, { by, at: now() });
      }
      return next;
    });
    if (step === 'approve') await o.onMirrorsChanged();
    return mustFind(db, row.id);
  }

  return {
    begin: (request, origin) => beginRegistration(db, request, { policy, origin, at: now() }),
    async check(id) {
      const row = await mustFind(db, id);
      const last = row.checked_at === null ? 0 : Date.parse(row.checked_at);
      if (row.state !== 'proving' || now().getTime() - last < BETWEEN_LOOKS_MS) return row;
      const running = underWay.get(id) ?? look(row);
      underWay.set(id, running);
      return running.finally(() => underWay.delete(id));
    },
    async approve(which, by, upstream) {
      const id = await db.transaction().execute(async (trx) => {
        const row = await choose(trx, which);
        if (row.state !== 'review') throw notProven(row);
        const at = now();
        await updateRegistration(trx, row.id, { decided_by: by.name });
        await approve(trx, row, { by, at, ...(upstream === undefined ? {} : { upstream }) });
        return row.id;
      });
      await o.onMirrorsChanged();
      return mustFind(db, id);
    },
    refuse: (which, by, reason) =>
      db.transaction().execute(async (trx) => {
        const row = await choose(trx, which);
        const at = now();
        const decided = { decided_at: at.toISOString(), decided_by: by.name, reason };
        await updateRegistration(trx, row.id, { state: 'refused', ...decided });
        const detail = { registration: row.id, reason };
        const entry = { action: 'registration-refuse', subject: row.mirror, detail };
        await appendAudit(trx, at, by, entry);
        return mustFind(trx, row.id);
      }),
  };
}

/** A known mirror must prove the URL that it is known by, not one that was made up for the purpose. */
async function claimOf(db: Db, row: RegistrationRow, known: MirrorRow | undefined): Promise<Claim> {
  const request = keptRequest.parse(JSON.parse(row.request));
  const space: Claim['space'] = [];
  for (const [archive, free] of Object.entries(request.space)) {
    const release = await currentRelease(db, archive);
    if (release !== undefined) space.push({ archive, free, needed: release.bytes });
  }
  const comesBack = known !== undefined && known.state !== 'left';
  return {
    mirror: row.mirror,
    ssh: request.ssh,
    hostKey: request.hostKey,
    httpUrl: comesBack ? (known.http_url ?? undefined) : request.httpUrl,
    challenge: { path: challengePath(row.id), text: row.challenge },
    space,
  };
}

function standingOf(mirror: MirrorRow | undefined): Circumstances['known'] {
  if (mirror === undefined) return 'no';
  return mirror.state === 'paused' ? 'active' : mirror.state;
}

async function isInvited(db: DbOrTrx, row: RegistrationRow, at: Date): Promise<boolean> {
  const invite = row.invite === null ? undefined : await findInvite(db, row.invite);
  return invite !== undefined && isGood(invite, row.mirror, at);
}

async function mustFind(db: DbOrTrx, id: string): Promise<RegistrationRow> {
  const row = await findRegistration(db, id);
  if (row === undefined) throw new MasterError('unknown-mirror', 'There is no such registration.');
  return row;
}

async function choose(db: DbOrTrx, which: string): Promise<RegistrationRow> {
  const one = await findRegistration(db, which);
  if (one !== undefined) {
    mustBeOpen(one);
    return one;
  }
  const open = await openRegistrations(db, which);
  const ready = open.filter(({ state }) => state === 'review');
  const [only, ...others] = ready.length === 0 ? open : ready;
  if (only === undefined) {
    throw new MasterError('unknown-mirror', 'No such mirror waits to be approved.');
  }
  if (others.length === 0) return only;
  const ids = [only, ...others].map(({ id, origin }) => `${id} (from ${origin})`);
  throw new MasterError('invalid', `Several wait under this name, say which: ${ids.join(', ')}.`);
}

function notProven(row: RegistrationRow): MasterError {
  const findings =
    row.findings === null ? undefined : findingsSchema.parse(JSON.parse(row.findings));
  const missing = findings === undefined ? [] : missingIn(findings).required;
  const what = missing.length === 0 ? 'It was not looked at yet.' : missing.join(' ');
  return new MasterError('already-decided', `${row.mirror} has not proven itself. ${what}`);
}
