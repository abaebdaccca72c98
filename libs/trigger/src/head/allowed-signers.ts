import { fingerprint, sameKey } from '@pushmirror/acl';
import { TriggerError } from '../errors.ts';
import { matchesPatternList } from './pattern-list.ts';
import { LineProblem, parseSignerLine, type AllowedSigner } from './signer-line.ts';

export type { AllowedSigner } from './signer-line.ts';

const LARGEST_FILE = 1024 * 1024;
/** So many are told. */
const MOST_PROBLEMS = 20;

/**
 * Read an allowed_signers file in OpenSSH's own format (ssh-keygen(1), ALLOWED SIGNERS). Stock
 * ssh-keygen skips a line it cannot read; here the whole file is refused, since a signer who is
 * silently missing is noticed only when their first head is.
 *
 * @param origin where the text is from, for messages: the file's path.
 * @throws TriggerError `malformed-allowed-signers`: every problem, one a line, as `FILE:LINE: why`.
 */
export function parseAllowedSigners(text: string, origin: string): AllowedSigner[] {
  if (text.length > LARGEST_FILE) throw malformed([`${origin}: it is larger than 1 MiB.`]);
  const signers: AllowedSigner[] = [];
  const problems: string[] = [];
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    try {
      signers.push(parseSignerLine(line, index + 1));
    } catch (error) {
      if (!(error instanceof LineProblem)) throw error;
      problems.push(`${origin}:${index + 1}: ${error.message}.`);
    }
  }
  if (problems.length > 0) throw malformed(problems);
  return signers;
}

/** Who is asked about: a key, what it signed for, and when that is checked. */
export interface SignerQuery {
  /** The key in SSH's wire format, from `verifyMessage`. */
  blob: Uint8Array;
  namespace: string;
  at: Date;
  /** As `ssh-keygen -I`: only lines whose principals match this. Every line when left out. */
  principal?: string;
}

/** `principal` is the line's principals field. `reason` is one sentence. */
export type SignerAnswer = { found: true; principal: string } | { found: false; reason: string };

/** Find the line that lets this key sign for this namespace at this time, as ssh-keygen would. */
export function findSigner(signers: readonly AllowedSigner[], query: SignerQuery): SignerAnswer {
  let obstacle = 'it is not in allowed_signers';
  for (const signer of signers) {
    if (!sameKey(signer.key.blob, query.blob)) continue;
    const why = whyNot(signer, query);
    if (why === undefined) return { found: true, principal: signer.principals };
    obstacle = `line ${signer.line} of allowed_signers ${why}`;
  }
  const who = `The signing key ${fingerprint(query.blob)}`;
  return { found: false, reason: `${who} does not count: ${obstacle}.` };
}

function whyNot(signer: AllowedSigner, query: SignerQuery): string | undefined {
  const { principal, namespace } = query;
  if (principal !== undefined && !matchesPatternList(principal, signer.principals)) {
    return 'names another principal';
  }
  if (signer.namespaces !== undefined && !matchesPatternList(namespace, signer.namespaces)) {
    return `does not allow the namespace ${namespace}`;
  }
  const second = Math.floor(query.at.getTime() / 1000) * 1000;
  if (signer.validAfter !== undefined && second < signer.validAfter.getTime()) {
    return `is not valid before ${signer.validAfter.toISOString()}`;
  }
  if (signer.validBefore !== undefined && second > signer.validBefore.getTime()) {
    return `is not valid after ${signer.validBefore.toISOString()}`;
  }
  return undefined;
}

function malformed(problems: string[]): TriggerError {
  const more = problems.length - MOST_PROBLEMS;
  const shown = more > 0 ? [...problems.slice(0, MOST_PROBLEMS), `and ${more} more.`] : problems;
  return new TriggerError('malformed-allowed-signers', shown.join('\n'));
}
