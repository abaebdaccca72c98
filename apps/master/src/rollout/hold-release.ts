import { signHold, type SignedHold } from '@pushmirror/trigger/head/hold';
import type { SigningKey } from '@pushmirror/trigger/head/signing-key';
import { appendAudit, type Actor } from '../db/audit.ts';
import { insertHold, newestHold } from '../db/holds.ts';
import type { DbOrTrx } from '../db/open.ts';
import { updateRelease } from '../db/releases.ts';
import type { ReleaseRow } from '../db/schema.ts';

export interface HoldSigner {
  network: string;
  signingKey: SigningKey;
}

/** Whether to hold a release or to let it go, why, and on whose word. */
export interface HoldOrder {
  state: 'held' | 'released';
  reason?: string | undefined;
  by: Actor;
  at: Date;
}

/**
 * Write down a hold, or the release from one, signed, with what it changes of the release: call it
 * in a transaction. It may leave only when that is on the disk.
 */
export async function writeHold(
  trx: DbOrTrx,
  release: Pick<ReleaseRow, 'archive' | 'epoch' | 'serial'>,
  order: HoldOrder,
  signer: HoldSigner,
): Promise<SignedHold> {
  const { archive, epoch, serial } = release;
  const { state, by, at } = order;
  const reason = plainReason(order.reason);
  const sequence = ((await newestHold(trx, archive))?.sequence ?? 0) + 1;
  const about = { network: signer.network, archive, epoch, serial, sequence, state };
  const signed = signHold(
    { ...about, ...(reason === undefined ? {} : { reason }), issued: at },
    signer.signingKey,
  );
  await insertHold(trx, {
    archive,
    sequence,
    epoch,
    serial,
    state,
    reason: reason ?? null,
    text: signed.bytes.toString('latin1'),
    issued_at: at.toISOString(),
    issued_by: by.name,
  });
  const held = { held_at: at.toISOString(), held_reason: reason ?? null, held_by: by.name };
  const free = { held_at: null, held_reason: null, held_by: null };
  await updateRelease(trx, release, state === 'held' ? held : free);
  const detail = { serial, sequence, ...(reason === undefined ? {} : { reason }) };
  const action = state === 'held' ? 'rollout-halt' : 'rollout-resume';
  await appendAudit(trx, at, by, { action, subject: archive, detail });
  return signed;
}

const LONGEST = 500;

/** A hold carries one line of printable ASCII; what is not of that becomes a question mark. */
function plainReason(reason: string | undefined): string | undefined {
  const line = reason
    ?.replace(/\s+/g, ' ')
    .replace(/[^\x20-\x7e]/gu, '?')
    .slice(0, LONGEST)
    .trim();
  return line === '' ? undefined : line;
}
