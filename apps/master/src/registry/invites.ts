import { createHash, randomBytes } from 'node:crypto';
import { isMirrorName } from '@pushmirror/acl';
import { appendAudit, type Actor } from '../db/audit.ts';
import { findInvite, insertInvite, updateInvite } from '../db/invites.ts';
import type { Db, DbOrTrx } from '../db/open.ts';
import type { InviteRow } from '../db/registration-schema.ts';
import { MasterError } from '../errors.ts';
import { matchesToken } from './tokens.ts';

/** Compared with where there is no such invitation, so that both take the same time. */
const NONE = { sha256: '0'.repeat(64), revoked_at: null };

/**
 * Make an invitation: `pmi_ID_SECRET`, of which only the SHA-256 is kept. It is good for one mirror.
 *
 * @throws MasterError `invalid`
 */
export function createInvite(
  db: Db,
  wanted: { label: string; mirror?: string | undefined; validMs: number },
  by: Actor,
  now: () => Date,
): Promise<{ id: string; invite: string; expiresAt: string }> {
  const { label, mirror, validMs } = wanted;
  if (mirror !== undefined && !isMirrorName(mirror)) {
    throw new MasterError('invalid', 'This is not a name for a mirror: use its host name.');
  }
  const at = now();
  const id = randomBytes(6).toString('hex');
  const invite = `pmi_${id}_${randomBytes(32).toString('base64url')}`;
  const expiresAt = new Date(at.getTime() + validMs).toISOString();
  return db.transaction().execute(async (trx) => {
    await insertInvite(trx, {
      id,
      sha256: createHash('sha256').update(invite).digest('hex'),
      label,
      mirror: mirror ?? null,
      created_at: at.toISOString(),
      created_by: by.name,
      expires_at: expiresAt,
      used_at: null,
      used_for: null,
      revoked_at: null,
    });
    const detail = { label, mirror: mirror ?? null, expiresAt };
    await appendAudit(trx, at, by, { action: 'invite-create', subject: id, detail });
    return { id, invite, expiresAt };
  });
}

/** The invitation that a text is, when it counts for this mirror now. */
export async function findGoodInvite(
  db: DbOrTrx,
  text: string,
  mirror: string,
  at: Date,
): Promise<InviteRow | undefined> {
  const id = /^pmi_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/.exec(text)?.[1];
  const row = id === undefined ? undefined : await findInvite(db, id);
  if (!matchesToken(row ?? NONE, text)) return undefined;
  return row !== undefined && isGood(row, mirror, at) ? row : undefined;
}

/** Whether an invitation still counts; false also for one that was used in the meantime. */
export function isGood(row: InviteRow, mirror: string, at: Date): boolean {
  const open = row.used_at === null && row.revoked_at === null && row.expires_at > at.toISOString();
  return open && (row.mirror === null || row.mirror === mirror);
}

/** Take an invitation back. @throws MasterError `unknown-token` */
export function revokeInvite(db: Db, id: string, by: Actor, now: () => Date): Promise<void> {
  return db.transaction().execute(async (trx) => {
    if ((await findInvite(trx, id)) === undefined) {
      throw new MasterError('unknown-token', 'There is no such invitation.');
    }
    const at = now();
    await updateInvite(trx, id, { revoked_at: at.toISOString() });
    await appendAudit(trx, at, by, { action: 'invite-revoke', subject: id });
  });
}
