import { deleteOptIns, listOptIns } from '../../db/opt-ins.ts';
import { listMirrors, updateMirror } from '../../db/mirrors.ts';
import { deleteMirrorChange } from '../../db/mirror-changes.ts';
import type { DbOrTrx } from '../../db/open.ts';
import type { MirrorRow, PushRow } from '../../db/schema.ts';
import { revokeTokensOf } from '../../db/tokens.ts';
import { placeFor } from '../place.ts';
import { MASTER } from '../tree.ts';
import { act, type Doing } from './act.ts';
import { endPushesTo, handOverPushesOf } from './end-pushes.ts';
import { stateRow } from './states.ts';

/**
 * A mirror leaves: its downstreams go to its own upstream where that has room for them, else to where
 * the policy puts them; its opt-ins and tokens end. Its row stays, for what releases of old say of
 * it. `action` is `mirror-leave` or an administrator's `mirror-remove`.
 */
export function leave(
  doing: Doing,
  reason: string,
  action: 'mirror-leave' | 'mirror-remove',
): Promise<PushRow[]> {
  const { mirror, at } = doing;
  return act(doing, action, async (trx, row) => {
    const ended = await endPushesTo(trx, { mirror }, `It left: ${reason}`, at);
    const gone = { ...stateRow('left', reason, at), upstream: null };
    await updateMirror(trx, mirror, {
      ...gone,
      quarantined_at: null,
      quarantine_reason: null,
      quarantine_by: null,
      quarantine_good: 0,
    });
    const moved = await findOtherUpstreams(trx, row);
    const handed = await handOverPushesOf(trx, mirror, at);
    await deleteOptIns(trx, mirror);
    await deleteMirrorChange(trx, mirror);
    for (const role of ['agent', 'operator'] as const) {
      await revokeTokensOf(trx, { mirror, role }, at.toISOString());
    }
    return { detail: { reason, moved }, pushes: [...ended, ...handed] };
  });
}

/** Those below it, each with where it went. */
async function findOtherUpstreams(
  trx: DbOrTrx,
  { name: gone, upstream: above }: MirrorRow,
): Promise<Record<string, string>> {
  const optIns = await listOptIns(trx);
  let mirrors: readonly MirrorRow[] = await listMirrors(trx);
  const moved: Record<string, string> = {};
  for (const { name, country } of mirrors.filter((one) => one.upstream === gone)) {
    const archives = optIns.flatMap((one) => (one.mirror === name ? [one.archive] : []));
    const upstream = placeFor(
      { name, archives, country, wish: above ?? MASTER },
      { mirrors, optIns },
    );
    await updateMirror(trx, name, { upstream });
    mirrors = mirrors.map((one) => (one.name === name ? { ...one, upstream } : one));
    moved[name] = upstream ?? MASTER;
  }
  return moved;
}
