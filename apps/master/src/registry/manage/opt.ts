import { findArchive } from '../../db/archives.ts';
import { listMirrors } from '../../db/mirrors.ts';
import { deleteOptIns, insertOptIn, listOptIns } from '../../db/opt-ins.ts';
import type { PushRow } from '../../db/schema.ts';
import { MasterError, unknownArchive } from '../../errors.ts';
import { act, type Doing } from './act.ts';
import { endPushesTo } from './end-pushes.ts';

/**
 * A mirror wants an archive: from the next release on it is pushed for it.
 *
 * @throws MasterError `unknown-archive`, `already-exists`, or `invalid` when its upstream lacks it.
 */
export function optIn(doing: Doing, archive: string): Promise<PushRow[]> {
  const { mirror, at } = doing;
  return act(doing, 'mirror-opt-in', async (trx, { upstream }) => {
    if ((await findArchive(trx, archive)) === undefined) {
      throw unknownArchive(archive);
    }
    const carried = async (name: string) =>
      (await listOptIns(trx, { mirror: name, archive })).length > 0;
    if (await carried(mirror)) {
      throw new MasterError('already-exists', `${mirror} has opted in to ${archive} already.`);
    }
    if (upstream !== null && !(await carried(upstream))) {
      throw new MasterError(
        'invalid',
        `${upstream} does not carry ${archive}, so ${mirror} cannot pull it from there. Ask the administrators for another upstream.`,
      );
    }
    await insertOptIn(trx, { mirror, archive, opted_in_at: at.toISOString() });
    return { detail: { archive } };
  });
}

/**
 * A mirror wants an archive no more; it is not pushed for it from this moment on.
 *
 * @throws MasterError `invalid` while others pull it from there; `unknown-archive`.
 */
export function optOut(doing: Doing, archive: string): Promise<PushRow[]> {
  const { mirror, at } = doing;
  return act(doing, 'mirror-opt-out', async (trx) => {
    const optIns = await listOptIns(trx, { archive });
    if (!optIns.some((one) => one.mirror === mirror)) {
      throw new MasterError('unknown-archive', `${mirror} has not opted in to such an archive.`);
    }
    const below = (await listMirrors(trx)).filter(
      ({ name, upstream }) => upstream === mirror && optIns.some((one) => one.mirror === name),
    );
    if (below.length > 0) {
      const names = below.map(({ name }) => name).join(', ');
      throw new MasterError(
        'invalid',
        `${names} pull ${archive} from ${mirror}. Ask the administrators to move them first.`,
      );
    }
    await deleteOptIns(trx, mirror, archive);
    const pushes = await endPushesTo(trx, { mirror, archive }, 'It has opted out.', at);
    return { detail: { archive }, pushes };
  });
}
