import { appendAudit, type Actor } from '../db/audit.ts';
import { findArchive } from '../db/archives.ts';
import type { Db } from '../db/open.ts';
import { findPush, pushesOf, updatePush } from '../db/pushes.ts';
import { currentRelease } from '../db/releases.ts';
import type { PushRow } from '../db/schema.ts';
import { MasterError, unknownArchive } from '../errors.ts';
import { MASTER } from '../registry/tree.ts';

/** What was begun anew. */
export interface Retried {
  archive: string;
  /** The current release: an older one is of no use to anybody. */
  serial: number;
  pushes: PushRow[];
}

/**
 * Begin anew the pushes of the current release that were refused, given up or not reached: of one
 * mirror, or of all. The master sends them itself, also those of a hub's downstreams: every mirror
 * lets the mirrors above it and the master notify it. What the mirror itself has reached is not
 * touched.
 *
 * @throws MasterError `unknown-archive`, `unknown-release`, `unknown-mirror`.
 */
export function retryPushes(
  db: Db,
  of: { archive: string; mirror?: string | undefined },
  by: Actor,
  at: Date,
): Promise<Retried> {
  const { archive, mirror } = of;
  return db.transaction().execute(async (trx) => {
    if ((await findArchive(trx, archive)) === undefined) {
      throw unknownArchive(archive);
    }
    const release = await currentRelease(trx, archive);
    if (release === undefined) {
      throw new MasterError('unknown-release', `Nothing of ${archive} was published yet.`);
    }
    const { serial } = release;
    const found =
      mirror === undefined
        ? await pushesOf(trx, archive, serial)
        : [await findPush(trx, { archive, serial, mirror })].filter((row) => row !== undefined);
    if (mirror !== undefined && found.length === 0) {
      throw new MasterError(
        'unknown-mirror',
        `Release ${serial} of ${archive} has no push to a mirror ${mirror}.`,
      );
    }
    const pushes = found.filter(isStuck).map((row) => anew(row, at));
    for (const push of pushes) await updatePush(trx, push, push);
    const detail = { serial, mirrors: pushes.length, ...(mirror === undefined ? {} : { mirror }) };
    await appendAudit(trx, at, by, { action: 'rollout-retry', subject: archive, detail });
    return { archive, serial, pushes };
  });
}

function isStuck({ state }: PushRow): boolean {
  return state === 'refused' || state === 'given-up' || state === 'unreachable';
}

/** As if it had just been planned, with a whole time of its own before it is given up again. */
function anew(push: PushRow, at: Date): PushRow {
  return {
    ...push,
    sender: MASTER,
    state: 'waiting',
    reason: null,
    next_attempt_at: null,
    sent_at: null,
    updated_at: at.toISOString(),
  };
}
