import { deleteOptIns } from '../../db/opt-ins.ts';
import { listMirrors, updateMirror } from '../../db/mirrors.ts';
import { deleteMirrorChange } from '../../db/mirror-changes.ts';
import type { PushRow } from '../../db/schema.ts';
import { revokeTokensOf } from '../../db/tokens.ts';
import { act, type Doing } from './act.ts';
import { endPushesTo, handOverPushesOf } from './end-pushes.ts';
import { stateRow } from './states.ts';

/**
 * A mirror leaves: its downstreams go to its own upstream, which carries what they want; its opt-ins
 * and tokens end. Its row stays, for what releases of old say of it. `action` is `mirror-leave` or an
 * administrator's `mirror-remove`.
 */
export function leave(
  doing: Doing,
  reason: string,
  action: 'mirror-leave' | 'mirror-remove',
): Promise<PushRow[]> {
  const { mirror, at } = doing;
  return act(doing, action, async (trx, row) => {
    const below = (await listMirrors(trx)).filter((one) => one.upstream === mirror);
    for (const { name } of below) await updateMirror(trx, name, { upstream: row.upstream });
    const ended = await endPushesTo(trx, { mirror }, `It left: ${reason}`, at);
    const gone = { ...stateRow('left', reason, at), upstream: null };
    await updateMirror(trx, mirror, { ...gone, quarantined_at: null, quarantine_reason: null });
    const handed = await handOverPushesOf(trx, mirror, at);
    await deleteOptIns(trx, mirror);
    await deleteMirrorChange(trx, mirror);
    for (const role of ['agent', 'operator'] as const) {
      await revokeTokensOf(trx, { mirror, role }, at.toISOString());
    }
    const moved = below.map(({ name }) => name);
    return { detail: { reason, moved }, pushes: [...ended, ...handed] };
  });
}
