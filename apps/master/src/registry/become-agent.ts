import { appendAudit, type Actor } from '../db/audit.ts';
import { findMirror, updateMirror } from '../db/mirrors.ts';
import type { Db } from '../db/open.ts';
import type { MirrorRow } from '../db/schema.ts';
import { insertToken } from '../db/tokens.ts';
import { MasterError, unknownMirror } from '../errors.ts';
import { makeToken } from './tokens.ts';

/**
 * A host that ran the stock ftpsync runs the agent from now on: it keeps its name, place and history,
 * and gets a token, which is shown once and never again.
 *
 * @throws MasterError `unknown-mirror`; `invalid` for one that runs the agent already.
 */
export function becomeAgent(
  db: Db,
  name: string,
  by: Actor,
  at: Date,
): Promise<{ row: MirrorRow; token: string }> {
  return db.transaction().execute(async (trx) => {
    const before = await findMirror(trx, name);
    if (before === undefined) throw unknownMirror(name);
    if (before.kind === 'agent') {
      const message = `${name} runs the agent already. A new token: mirror-master token create --role agent --mirror ${name}`;
      throw new MasterError('invalid', message);
    }
    const change = { kind: 'agent' as const, stock: null };
    await updateMirror(trx, name, change);
    const label = `agent ${name}`;
    const made = makeToken({ role: 'agent', mirror: name, label, by: by.name, at });
    await insertToken(trx, made.row);
    await appendAudit(trx, at, by, { action: 'mirror-set', subject: name, detail: change });
    return { row: { ...before, ...change }, token: made.token };
  });
}
