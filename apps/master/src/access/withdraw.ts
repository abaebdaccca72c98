import type { Db } from '../db/open.ts';
import { openPushes, type PushKey } from '../db/pushes.ts';
import type { PushRow } from '../db/schema.ts';
import { createLedger } from '../rollout/ledger.ts';
import { mayTrigger } from './compile.ts';
import type { Policy } from './policy.ts';

/**
 * Give up what is still to be sent and what a rule about triggers no longer lets be sent. What a
 * mirror has accepted already is its own.
 *
 * @param moved told of the pushes that changed.
 * @returns those for which nothing more need be sent.
 */
export async function withdrawDenied(
  db: Db,
  policy: Policy,
  moved: (pushes: readonly PushRow[]) => void,
  at: Date,
): Promise<PushKey[]> {
  if (!policy.added.some(({ action }) => action === 'trigger')) return [];
  const toSend = new Set<string>(['waiting', 'sending', 'unreachable']);
  const denied = (await openPushes(db, {})).filter(
    ({ state, mirror, archive }) => toSend.has(state) && !mayTrigger(policy, mirror, archive, at),
  );
  const ledger = createLedger(db, moved);
  const reason = 'A rule no longer lets it be sent.';
  await Promise.all(denied.map((push) => ledger.note(push, { state: 'given-up', reason, at })));
  return denied;
}
