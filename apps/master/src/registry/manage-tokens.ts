import { appendAudit, type Actor } from '../db/audit.ts';
import { findMirror } from '../db/mirrors.ts';
import type { Db } from '../db/open.ts';
import type { Role } from '../db/schema.ts';
import { findToken, insertToken, listTokens, revokeToken } from '../db/tokens.ts';
import { MasterError, unknownMirror } from '../errors.ts';
import { makeToken, rowForToken } from './tokens.ts';

/**
 * Make a token. One for an agent or an operator is for a mirror.
 *
 * @throws MasterError `unknown-mirror` or `invalid`
 */
export function createToken(
  db: Db,
  wanted: { role: Role; label: string; mirror?: string | undefined },
  by: Actor,
  now: () => Date,
): Promise<{ id: string; token: string }> {
  return db.transaction().execute(async (trx) => {
    const { role, label, mirror } = wanted;
    if ((role === 'agent' || role === 'operator') !== (mirror !== undefined)) {
      throw new MasterError(
        'invalid',
        'Name a mirror for the roles agent and operator, and only for them.',
      );
    }
    if (mirror !== undefined && (await findMirror(trx, mirror)) === undefined) {
      throw unknownMirror(mirror);
    }
    const at = now();
    const of = mirror === undefined ? {} : { mirror };
    const { token, row } = makeToken({ role, label, ...of, by: by.name, at });
    await insertToken(trx, row);
    const detail = { role, mirror: mirror ?? null, label };
    await appendAudit(trx, at, by, { action: 'token-create', subject: row.id, detail });
    return { id: row.id, token };
  });
}

/**
 * Revoke a token; it is refused from then on. False when it was revoked before.
 *
 * @throws MasterError `unknown-token`
 */
export function endToken(db: Db, id: string, by: Actor, now: () => Date): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const row = await findToken(trx, id);
    if (row === undefined) throw new MasterError('unknown-token', 'There is no such token.');
    if (row.revoked_at !== null) return false;
    const at = now();
    await revokeToken(trx, id, at.toISOString());
    await appendAudit(trx, at, by, { action: 'token-revoke', subject: id });
    return true;
  });
}

const FILE_LABEL = 'admin token file';

/**
 * Make the token of the admin token file the one that counts: with another file, the token of the
 * file before no longer does.
 *
 * @throws MasterError `invalid` when the file holds no token.
 */
export async function adoptAdminToken(
  db: Db,
  token: string,
  path: string,
  now: () => Date,
): Promise<void> {
  const at = now();
  const row = rowForToken(token, { role: 'admin', label: FILE_LABEL, by: 'master', at });
  if (row === undefined) {
    throw new MasterError('invalid', `${path} holds no token. Make one with: mirror-master init`);
  }
  await db.transaction().execute(async (trx) => {
    for (const known of await listTokens(trx)) {
      if (known.label === FILE_LABEL && known.id !== row.id) {
        await revokeToken(trx, known.id, at.toISOString());
      }
    }
    const known = await findToken(trx, row.id);
    if (known === undefined) return insertToken(trx, row);
    if (known.revoked_at === null) return undefined;
    throw new MasterError(
      'invalid',
      `The token in ${path} was revoked. Remove the file and make a new one with: mirror-master init`,
    );
  });
}
