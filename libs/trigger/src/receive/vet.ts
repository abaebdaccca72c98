import { TriggerError } from '../errors.ts';
import { findSigner, type AllowedSigner } from '../head/allowed-signers.ts';
import { HEAD_NAMESPACE, LARGEST_HEAD, parseHead, type SignedHead } from '../head/head.ts';
import { HOLD_NAMESPACE, LARGEST_HOLD, parseHold, type SignedHold } from '../head/hold.ts';
import { decodeSignature } from '../head/sshsig-blob.ts';
import { verifyMessage } from '../head/sshsig.ts';

/** The issue time of a head or hold may be this far ahead of our clock. */
export const LARGEST_SKEW_MS = 15 * 60 * 1000;

/** Why a head or hold is not taken; each has a meaning of its own in docs/formats.md. */
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

/** A text that is not taken. `signed` is there when its grammar was right. */
export interface Refused<T = SignedHead> {
  verdict: 'refuse';
  refusal: Refusal;
  /** One sentence, fit for whoever sent it. */
  reason: string;
  /** True when a person should look: the signer, or whoever has the key, said two things. */
  alarm: boolean;
  signed?: T;
}

/** A text whose own claims hold; whether it is news is still to be seen. */
export interface Vetted<T> {
  verdict: 'vetted';
  signed: T;
  /** The principals field of the allowed_signers line that vouches for it. */
  signer: string;
}

/** What a head or hold is held against, apart from the one that is stored. */
export interface Circumstances {
  network: string;
  signers: readonly AllowedSigner[];
  /** Whether this mirror carries the archive. */
  carries(archive: string): boolean;
  /** Whether the peer may announce the archive; left out for a text that we fetched ourselves. */
  mayNotify?(archive: string): { allowed: boolean; reason: string };
  /** The archive that the trigger named, or that was polled: the text must be of this one. */
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
): Vetted<SignedHead> | Refused {
  return vet(bytes, headKind, circumstances);
}

/** The same for a hold, which does not expire. */
export function vetHold(
  bytes: Uint8Array,
  circumstances: Circumstances,
): Vetted<SignedHold> | Refused<SignedHold> {
  return vet(bytes, holdKind, circumstances);
}

/** A refusal; only equivocation alarms. */
export function refuse(refusal: Refusal, reason: string): Omit<Refused, 'signed'> {
  return { verdict: 'refuse', refusal, reason, alarm: refusal === 'equivocation' };
}

/** What differs between the two texts that are signed. */
interface Kind<T> {
  noun: 'head' | 'hold';
  namespace: string;
  largest: number;
  parse: (bytes: Uint8Array) => T;
  about: (signed: T) => { network: string; archive: string; issued: Date; expires?: Date };
}

const headKind: Kind<SignedHead> = {
  noun: 'head',
  namespace: HEAD_NAMESPACE,
  largest: LARGEST_HEAD,
  parse: parseHead,
  about: ({ head }) => head,
};

const holdKind: Kind<SignedHold> = {
  noun: 'hold',
  namespace: HOLD_NAMESPACE,
  largest: LARGEST_HOLD,
  parse: parseHold,
  about: ({ hold }) => hold,
};

type About = ReturnType<Kind<unknown>['about']> & { noun: string };
type No = ReturnType<typeof refuse>;

function vet<T extends { body: Buffer; armour: string }>(
  bytes: Uint8Array,
  kind: Kind<T>,
  circumstances: Circumstances,
): Vetted<T> | Refused<T> {
  const { noun, largest } = kind;
  if (bytes.length > largest) {
    return refuse('too-large', `The ${noun} is larger than ${largest} bytes.`);
  }
  let signed: T;
  try {
    signed = kind.parse(bytes);
  } catch (error) {
    return refuse('malformed', sentenceOf(error));
  }
  const about = { ...kind.about(signed), noun };
  const signature =
    checkPeer(about, circumstances) ?? checkSignature(signed, kind.namespace, circumstances);
  if ('verdict' in signature) return { ...signature, signed };
  const refused = checkScope(about, circumstances) ?? checkTimes(about, circumstances.now);
  if (refused !== undefined) return { ...refused, signed };
  return { verdict: 'vetted', signed, signer: signature.signer };
}

function checkPeer({ archive }: About, circumstances: Circumstances): No | undefined {
  const answer = circumstances.mayNotify?.(archive);
  if (answer === undefined || answer.allowed) return undefined;
  return refuse('peer', `This key may not announce ${archive} here: ${answer.reason}`);
}

function checkSignature(
  { body, armour }: { body: Buffer; armour: string },
  namespace: string,
  { signers, now }: Circumstances,
): { signer: string } | No {
  try {
    if (decodeSignature(armour).namespace !== namespace) {
      return refuse('namespace', `The signature was not made for the namespace ${namespace}.`);
    }
    const { blob } = verifyMessage(body, armour, namespace);
    const answer = findSigner(signers, { blob, namespace, at: now });
    return answer.found ? { signer: answer.principal } : refuse('signer', answer.reason);
  } catch (error) {
    return refuse('signature', sentenceOf(error));
  }
}

function checkScope(about: About, circumstances: Circumstances): No | undefined {
  const { network, archive } = circumstances;
  if (about.network !== network) {
    const reason = `The ${about.noun} is of the network ${about.network}; this is ${network}.`;
    return refuse('network', reason);
  }
  if (archive !== undefined && about.archive !== archive) {
    return refuse('archive', `The ${about.noun} is of ${about.archive}, not of ${archive}.`);
  }
  if (!circumstances.carries(about.archive)) {
    return refuse('archive', `This mirror does not carry ${about.archive}.`);
  }
  return undefined;
}

function checkTimes({ noun, issued, expires }: About, now: Date): No | undefined {
  if (expires !== undefined && expires <= now) {
    return refuse('expired', `The ${noun} expired at ${expires.toISOString()}.`);
  }
  if (issued.getTime() - now.getTime() > LARGEST_SKEW_MS) {
    const when = issued.toISOString();
    return refuse('future', `The ${noun} is from the future (${when}): check both clocks.`);
  }
  return undefined;
}

/** Our own errors are made for whoever sent the text; any other would be a fault of ours. */
function sentenceOf(error: unknown): string {
  if (error instanceof TriggerError) return error.message;
  throw error;
}
