import type { SignedHold } from '../head/hold.ts';
import { refuse, vetHold, type Circumstances, type Refused, type Vetted } from './vet.ts';

/** A hold that is believed: news, or known already. */
export interface BelievedHold {
  verdict: 'store' | 'duplicate';
  /** One sentence. */
  reason: string;
  signed: SignedHold;
  /** The principals field of the allowed_signers line that vouches for it. */
  signer: string;
}

export type HoldJudgement = BelievedHold | Refused<SignedHold>;

/**
 * Decide about an offered hold, by the checks that a head passes, then by (epoch, sequence): the
 * newest hold of an archive counts, whatever release it is about. Pure.
 */
export function judgeHold(
  bytes: Uint8Array,
  circumstances: Circumstances & { stored: SignedHold | undefined },
): HoldJudgement {
  const vetted = vetHold(bytes, circumstances);
  return vetted.verdict === 'refuse' ? vetted : weighHold(vetted, circumstances.stored);
}

/** The last step: hold one that has been vetted against the one that is stored. */
export function weighHold(
  { signed, signer }: Pick<Vetted<SignedHold>, 'signed' | 'signer'>,
  stored: SignedHold | undefined,
): HoldJudgement {
  const { archive, epoch, sequence } = signed.hold;
  const what = `Hold ${sequence} of ${archive}`;
  const order = stored === undefined ? 1 : compare(signed, stored);
  if (order > 0) return { verdict: 'store', reason: `${what} is new here.`, signed, signer };
  if (order < 0) {
    const known = `epoch ${stored?.hold.epoch}, ${stored?.hold.sequence}`;
    const reason = `${what} (epoch ${epoch}) is behind the one that is known (${known}).`;
    return { ...refuse('rollback', reason), signed };
  }
  if (stored?.body.equals(signed.body) !== true) {
    return { ...refuse('equivocation', `${what} is known with another text.`), signed };
  }
  return { verdict: 'duplicate', reason: `${what} is known already.`, signed, signer };
}

function compare({ hold: a }: SignedHold, { hold: b }: SignedHold): number {
  return a.epoch === b.epoch ? a.sequence - b.sequence : a.epoch - b.epoch;
}
