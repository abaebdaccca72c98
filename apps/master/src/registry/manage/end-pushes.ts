import { listMirrors } from '../../db/mirrors.ts';
import type { DbOrTrx } from '../../db/open.ts';
import { openPushes, updatePush } from '../../db/pushes.ts';
import type { PushRow } from '../../db/schema.ts';
import { treeOf } from '../tree.ts';

/** Nothing more is sent to a mirror; of one archive, or of all. Returns its pushes as they are now. */
export async function endPushesTo(
  trx: DbOrTrx,
  to: { mirror: string; archive?: string },
  reason: string,
  at: Date,
): Promise<PushRow[]> {
  const ended: PushRow[] = [];
  const { mirror, archive } = to;
  for (const push of await openPushes(trx, archive === undefined ? {} : { archive })) {
    if (push.mirror !== mirror) continue;
    const change = { state: 'superseded' as const, reason, updated_at: at.toISOString() };
    await updatePush(trx, push, change);
    ended.push({ ...push, ...change });
  }
  return ended;
}

/** The pushes that a mirror was to send go to whoever sends them in the tree as it is now. */
export async function handOverPushesOf(trx: DbOrTrx, sender: string, at: Date): Promise<PushRow[]> {
  const tree = treeOf(await listMirrors(trx));
  const handed: PushRow[] = [];
  for (const push of await openPushes(trx, { sender })) {
    const next = tree.senderOf(push.mirror);
    if (next === sender) continue;
    const change = { sender: next, updated_at: at.toISOString() };
    await updatePush(trx, push, change);
    handed.push({ ...push, ...change });
  }
  return handed;
}
