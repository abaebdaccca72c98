import { appendAudit, type Actor } from '../db/audit.ts';
import { findMirror, updateMirror } from '../db/mirrors.ts';
import type { Db } from '../db/open.ts';
import type { MirrorRow } from '../db/schema.ts';
import { MasterError } from '../errors.ts';

/** What may be set of a mirror while it is in use; what is left out stays. */
export interface MirrorSettings {
  /** How many of its downstreams may pull from it at once; null is the default of its tier. */
  slots?: number | null | undefined;
  /** Whether a connection to it is kept open between pushes. */
  standing?: boolean | undefined;
}

/**
 * Change how a mirror is treated.
 *
 * @throws MasterError `unknown-mirror`.
 */
export function setMirror(
  db: Db,
  name: string,
  { slots, standing }: MirrorSettings,
  by: Actor,
  at: Date,
): Promise<MirrorRow> {
  return db.transaction().execute(async (trx) => {
    const row = await findMirror(trx, name);
    if (row === undefined) throw new MasterError('unknown-mirror', 'There is no such mirror.');
    const change = {
      ...(slots === undefined ? {} : { slots }),
      ...(standing === undefined ? {} : { standing: standing ? (1 as const) : (0 as const) }),
    };
    if (Object.keys(change).length > 0) await updateMirror(trx, name, change);
    await appendAudit(trx, at, by, { action: 'mirror-set', subject: name, detail: { ...change } });
    return { ...row, ...change };
  });
}
