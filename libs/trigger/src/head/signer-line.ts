import { AclError, parsePublicKey, type PublicKey } from '@pushmirror/acl';
import { parseAbsoluteTime } from './absolute-time.ts';

/** One line of an allowed_signers file: this key may sign, within these limits. */
export interface AllowedSigner {
  /** Its line in the file, from 1. */
  line: number;
  /** Who signs with it, as the file has it: a pattern list. */
  principals: string;
  key: PublicKey;
  /** A pattern list; absent when the key may sign for every namespace. */
  namespaces?: string;
  /** Both ends are part of the time, to the second. */
  validAfter?: Date;
  validBefore?: Date;
}

/** Why a line cannot be used; its message is the end of a sentence. */
export class LineProblem extends Error {}

/**
 * Read one line that is neither blank nor a comment: `principals [options] keytype base64`
 * (ssh-keygen(1), ALLOWED SIGNERS).
 *
 * @throws LineProblem
 */
export function parseSignerLine(text: string, line: number): AllowedSigner {
  if (/[^\t\x20-\x7e\u0080-\uffff]/.test(text))
    throw new LineProblem('it holds control characters');
  const [principals, afterPrincipals] = takePrincipals(text);
  const [options, keyLine] = takeOptions(afterPrincipals);
  const key = parseKey(keyLine);
  const { validAfter, validBefore } = options;
  if (validAfter !== undefined && validBefore !== undefined && validBefore <= validAfter) {
    throw new LineProblem('valid-before is not later than valid-after');
  }
  return { line, principals, key, ...options };
}

type Options = Pick<AllowedSigner, 'namespaces' | 'validAfter' | 'validBefore'>;

function takePrincipals(text: string): [principals: string, rest: string] {
  const match = /^(?:"([^"]+)"|([^\s"]+))\s+(.*)$/.exec(text);
  const principals = match?.[1] ?? match?.[2];
  if (match === null || principals === undefined) {
    throw new LineProblem('it must be: principals [options] keytype base64');
  }
  return [principals, match[3] ?? ''];
}

const KEY_TYPE = /^(ssh|ecdsa|sk|webauthn)-[a-z0-9@.-]+\s/;

/** The options, when the next word is not a key type. Each is `name="value"`, between commas. */
function takeOptions(text: string): [options: Options, rest: string] {
  if (KEY_TYPE.test(text)) return [{}, text];
  const options: Options = {};
  let rest = text;
  for (;;) {
    const match = /^([A-Za-z-]+)(?:="((?:\\"|\\(?!")|[^"\\])*)")?(?=[,\s])/.exec(rest);
    if (match === null) {
      throw new LineProblem('an option is not name="value", or the key is missing');
    }
    setOption(options, (match[1] ?? '').toLowerCase(), match[2]?.replaceAll('\\"', '"'));
    rest = rest.slice(match[0].length);
    if (!rest.startsWith(',')) return [options, rest.trimStart()];
    rest = rest.slice(1);
  }
}

function setOption(options: Options, name: string, value: string | undefined): void {
  switch (name) {
    case 'namespaces':
      if (options.namespaces !== undefined) throw new LineProblem('namespaces is given twice');
      if (value === undefined) throw new LineProblem('namespaces needs ="a,b"');
      options.namespaces = value;
      return;
    case 'valid-after':
      if (options.validAfter !== undefined) throw new LineProblem('valid-after is given twice');
      options.validAfter = parseTime(name, value);
      return;
    case 'valid-before':
      if (options.validBefore !== undefined) throw new LineProblem('valid-before is given twice');
      options.validBefore = parseTime(name, value);
      return;
    case 'cert-authority':
      throw new LineProblem(
        'certificate authorities are not supported; list the signing key itself',
      );
    default:
      throw new LineProblem(
        'an option is unknown; known are namespaces, valid-after and valid-before',
      );
  }
}

function parseTime(name: string, value: string | undefined): Date {
  const time = value === undefined ? undefined : parseAbsoluteTime(value);
  if (time === undefined) {
    throw new LineProblem(`${name} must be ="YYYYMMDD[Z]" or ="YYYYMMDDHHMM[SS][Z]", a real date`);
  }
  return time;
}

function parseKey(text: string): PublicKey {
  try {
    return parsePublicKey(text);
  } catch (cause) {
    if (!(cause instanceof AclError)) throw cause;
    throw new LineProblem(cause.message.replace(/\.$/, ''), { cause });
  }
}
