import type { DbOrTrx } from '../db/open.ts';
import { deleteNetworkKey, putNetworkKey } from '../db/network-keys.ts';
import type { MirrorRow } from '../db/schema.ts';

/** In which time everybody has heard of another key. */
const OVERLAP_MS = 86_400_000;

/**
 * A hub pushes with another key from now on: the one of before is accepted by its downstreams for
 * another day. Call it in the transaction of the change.
 */
export async function keepOldPushKey(
  trx: DbOrTrx,
  { name: owner, push_key: old }: Pick<MirrorRow, 'name' | 'push_key'>,
  next: string | undefined,
  at: Date,
): Promise<void> {
  if (next === undefined || old === null || next === old) return;
  const row = { kind: 'push', owner, state: 'old' } as const;
  await deleteNetworkKey(trx, { ...row, public_key: next });
  const until = new Date(at.getTime() + OVERLAP_MS).toISOString();
  await putNetworkKey(trx, { ...row, public_key: old, since: at.toISOString(), until });
}
