import { listArchives } from '../db/archives.ts';
import { appendAudit, type Actor } from '../db/audit.ts';
import { insertMirror, listMirrors } from '../db/mirrors.ts';
import type { Db } from '../db/open.ts';
import { insertOptIn, listOptIns } from '../db/opt-ins.ts';
import type { MirrorRow } from '../db/schema.ts';
import { insertToken } from '../db/tokens.ts';
import { checkNewMirror, type NewMirror } from './new-mirror.ts';
import { makeToken } from './tokens.ts';

/**
 * Add a mirror, its opt-ins and its agent's token in one transaction.
 *
 * @returns the mirror, every mirror there is now, and the token, which is shown once and never
 * again; none for a stock ftpsync host, which has nothing to say to us.
 * @throws MasterError as `checkNewMirror` does.
 */
export function addMirror(
  db: Db,
  mirror: NewMirror,
  by: Actor,
  now: () => Date,
): Promise<{ row: MirrorRow; mirrors: MirrorRow[]; token?: string }> {
  return db.transaction().execute(async (trx) => {
    const at = now();
    const mirrors = await listMirrors(trx);
    const known = { mirrors, archives: await listArchives(trx), optIns: await listOptIns(trx) };
    const row = checkNewMirror(mirror, known, at);
    await insertMirror(trx, row);
    for (const archive of new Set(mirror.archives)) {
      await insertOptIn(trx, { mirror: row.name, archive, opted_in_at: row.added_at });
    }
    const detail = { upstream: row.upstream, archives: mirror.archives, kind: row.kind };
    await appendAudit(trx, at, by, { action: 'mirror-add', subject: row.name, detail });
    const added = { row, mirrors: [...mirrors, row] };
    if (row.kind === 'ftpsync') return added;
    const { name } = row;
    const made = makeToken({
      role: 'agent',
      mirror: name,
      label: `agent ${name}`,
      by: by.name,
      at,
    });
    await insertToken(trx, made.row);
    return { ...added, token: made.token };
  });
}
