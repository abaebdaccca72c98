import { TriggerError } from '../errors.ts';
import { findSigner, type AllowedSigner } from '../head/allowed-signers.ts';
import { HEAD_NAMESPACE, LARGEST_HEAD, parseHead, type SignedHead } from '../head/head.ts';
import { decodeSignature } from '../head/sshsig-blob.ts';
import { verifyMessage } from '../head/sshsig.ts';

/** A head's issue time may be this far ahead of our clock. */
export const LARGEST_SKEW_MS = 15 * 60 * 1000;

/** Why a head is not taken; each has a meaning of its own in docs/formats.md. */
export type Refusal =
  | 'too-large'
  | 'malformed'
  | 'peer'
  | 'signature'
  | 'namespace'
  | 'signer'
  | 'network'
  | 'archive'
  | 'expired'
  | 'future'
  | 'rollback'
  | 'equivocation';

/** A head that is not taken. `signed` is there when its grammar was right. */
export interface Refused {
  verdict: 'refuse';
  refusal: Refusal;
  /** One sentence, fit for whoever sent it. */
  reason: string;
  /** True when a person should look: the signer, or whoever has the key, said two things. */
  alarm: boolean;
  signed?: SignedHead;
}

/** What a head is held against, apart from the one that is stored. */
export interface Circumstances {
  network: string;
  signers: readonly AllowedSigner[];
  /** Whether this mirror carries the archive. */
  carries(archive: string): boolean;
  /** Whether the peer may announce the archive; left out for a head that we fetched ourselves. */
  mayNotify?(archive: string): { allowed: boolean; reason: string };
  /** The archive that the trigger named, or that was polled: the head must be of this one. */
  archive?: string;
  now: Date;
}

/**
 * Check everything about a head that needs no look at what is stored, in the order of DESIGN
 * section 2: size cap, grammar, peer, signature and namespace, signer, network and archive, expiry
 * and future skew. The first thing wrong decides.
 */
export function vetHead(
  bytes: Uint8Array,
  circumstances: Circumstances,
): { verdict: 'vetted'; signed: SignedHead; signer: string } | Refused {
  if (bytes.length > LARGEST_HEAD) {
    return refuse('too-large', `The head is larger than ${LARGEST_HEAD} bytes.`);
  }
  const signed = readHead(bytes);
  if ('verdict' in signed) return signed;
  const signature = checkPeer(signed, circumstances) ?? checkSignature(signed, circumstances);
  if ('verdict' in signature) return { ...signature, signed };
  const refused = checkScope(signed, circumstances) ?? checkTimes(signed, circumstances.now);
  if (refused !== undefined) return { ...refused, signed };
  return { verdict: 'vetted', signed, signer: signature.signer };
}

/** A refusal; only equivocation alarms. */
export function refuse(refusal: Refusal, reason: string): Refused {
  return { verdict: 'refuse', refusal, reason, alarm: refusal === 'equivocation' };
}

function readHead(bytes: Uint8Array): SignedHead | Refused {
  try {
    return parseHead(bytes);
  } catch (error) {
    return refuse('malformed', sentenceOf(error));
  }
}

function checkPeer({ head }: SignedHead, circumstances: Circumstances): Refused | undefined {
  const answer = circumstances.mayNotify?.(head.archive);
  if (answer === undefined || answer.allowed) return undefined;
  return refuse('peer', `This key may not announce ${head.archive} here: ${answer.reason}`);
}

function checkSignature(
  signed: SignedHead,
  { signers, now }: Circumstances,
): { signer: string } | Refused {
  try {
    const { namespace } = decodeSignature(signed.armour);
    if (namespace !== HEAD_NAMESPACE) {
      return refuse('namespace', `The signature was not made for the namespace ${HEAD_NAMESPACE}.`);
    }
    const { blob } = verifyMessage(signed.body, signed.armour, HEAD_NAMESPACE);
    const answer = findSigner(signers, { blob, namespace: HEAD_NAMESPACE, at: now });
    return answer.found ? { signer: answer.principal } : refuse('signer', answer.reason);
  } catch (error) {
    return refuse('signature', sentenceOf(error));
  }
}

function checkScope({ head }: SignedHead, circumstances: Circumstances): Refused | undefined {
  const { network, archive } = circumstances;
  if (head.network !== network) {
    return refuse('network', `The head is of the network ${head.network}; this is ${network}.`);
  }
  if (archive !== undefined && head.archive !== archive) {
    return refuse('archive', `The head is of ${head.archive}, not of ${archive}.`);
  }
  if (!circumstances.carries(head.archive)) {
    return refuse('archive', `This mirror does not carry ${head.archive}.`);
  }
  return undefined;
}

function checkTimes({ head }: SignedHead, now: Date): Refused | undefined {
  if (head.expires <= now) {
    return refuse('expired', `The head expired at ${head.expires.toISOString()}.`);
  }
  if (head.issued.getTime() - now.getTime() > LARGEST_SKEW_MS) {
    const issued = head.issued.toISOString();
    return refuse('future', `The head is from the future (${issued}): check both clocks.`);
  }
  return undefined;
}

/** Our own errors are made for whoever sent the head; any other would be a fault of ours. */
function sentenceOf(error: unknown): string {
  if (error instanceof TriggerError) return error.message;
  throw error;
}
