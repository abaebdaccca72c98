import type { SignedHead } from '../head/head.ts';
import { compareHeads } from './compare.ts';
import { refuse, vetHead, type Circumstances, type Refused } from './vet.ts';

/** A head that is believed. `refresh` is stored like a new one, but is no news. */
export interface Believed {
  verdict: 'store' | 'refresh' | 'duplicate';
  /** One sentence. */
  reason: string;
  signed: SignedHead;
  /** The principals field of the allowed_signers line that vouches for it. */
  signer: string;
}

export type Judgement = Believed | Refused;

/**
 * Decide about an offered head, in the acceptance order of DESIGN section 2. Pure: what is stored,
 * the signers and the clock are given. For pushed heads and, without `mayNotify`, for polled ones.
 */
export function judgeHead(
  bytes: Uint8Array,
  circumstances: Circumstances & { stored: SignedHead | undefined },
): Judgement {
  const vetted = vetHead(bytes, circumstances);
  if (vetted.verdict === 'refuse') return vetted;
  return weighHead(vetted, circumstances.stored);
}

/** The last step: hold a head that has been vetted against the one that is stored. */
export function weighHead(
  { signed, signer }: { signed: SignedHead; signer: string },
  stored: SignedHead | undefined,
): Judgement {
  const { archive, serial, epoch } = signed.head;
  const believed = (verdict: Believed['verdict'], reason: string): Believed => {
    return { verdict, reason, signed, signer };
  };
  switch (compareHeads(stored, signed)) {
    case 'first':
    case 'newer':
      return believed('store', `Serial ${serial} of ${archive} is new here.`);
    case 'refresh':
      return believed('refresh', `Serial ${serial} of ${archive} is known; its time was renewed.`);
    case 'duplicate':
      return believed('duplicate', `Serial ${serial} of ${archive} is known already.`);
    case 'rollback': {
      const known = `epoch ${stored?.head.epoch}, serial ${stored?.head.serial}`;
      const offered = `Epoch ${epoch}, serial ${serial}`;
      const reason = `${offered} is behind what is known of ${archive} (${known}).`;
      return { ...refuse('rollback', reason), signed };
    }
    case 'equivocation': {
      const reason = `Serial ${serial} of ${archive} is known with another manifest.`;
      return { ...refuse('equivocation', reason), signed };
    }
  }
}
