import { AclError, isArchiveName, parsePublicKey, type PublicKey } from '@pushmirror/acl';
import { TriggerError } from '../errors.ts';
import { formatTime, NAME, readFields, type FieldReader } from './fields.ts';
import { LARGEST_TEXT, splitSignedText } from './signed-text.ts';
import type { SigningKey } from './signing-key.ts';
import { signMessage } from './sshsig.ts';

/** The SSHSIG namespace of texts on who may sign. */
export const SIGNERS_NAMESPACE = 'pushmirror-signers';

/** Where the network's texts on who may sign lie below an archive's root, one after the other. */
export const SIGNERS_PATH = 'project/pushmirror/Release.signers';

/** A text names at most so many keys. */
const MOST_SIGNERS = 10;

/** A key that may sign heads, holds and texts like this one; both ends belong to the time. */
export interface Signer {
  key: PublicKey;
  validAfter?: Date;
  validBefore?: Date;
}

/** "From now on these may sign" (docs/formats.md, "Signers"). */
export interface Signers {
  network: string;
  /** From 1; grows with every text of a network. */
  sequence: number;
  signers: Signer[];
  issued: Date;
}

/** A text as it travels. That it parsed says nothing about who signed it. */
export interface SignedSigners {
  signers: Signers;
  /** The whole text: body and armour. */
  bytes: Buffer;
  /** What is signed. */
  body: Buffer;
  armour: string;
}

/**
 * The body: the bytes to sign, in the one form it has.
 *
 * @throws TriggerError `malformed-signers` for what `parseSigners` would refuse.
 */
function formatSigners({ network, sequence, signers, issued }: Signers): string {
  const time = (date: Date | undefined) => (date === undefined ? '-' : formatTime(date, malformed));
  const body = [
    'Push-Signers: 1',
    `Network: ${network}`,
    `Sequence: ${sequence}`,
    ...signers.map(
      ({ key, validAfter, validBefore }) =>
        `Signer: ${time(validAfter)} ${time(validBefore)} ${key.line}`,
    ),
    `Issued: ${formatTime(issued, malformed)}`,
    '',
  ].join('\n');
  parseBody(body);
  return body;
}

/**
 * Read a text from outside: its grammar only. Whether to believe it is `followSigners`' business.
 *
 * @throws TriggerError `malformed-signers`; the message names a line or a field, never its content.
 */
export function parseSigners(bytes: Uint8Array): SignedSigners {
  const { body, armour } = splitSignedText(bytes, malformed);
  const signers = parseBody(body.toString('latin1'));
  return { signers, bytes: Buffer.from(bytes), body, armour };
}

/** @throws TriggerError `malformed-signers` for a text that nobody would accept. */
export function signSigners(signers: Signers, key: SigningKey): SignedSigners {
  const body = Buffer.from(formatSigners(signers), 'latin1');
  const armour = signMessage(body, key, SIGNERS_NAMESPACE);
  return parseSigners(Buffer.concat([body, Buffer.from(armour, 'latin1')]));
}

const END = '-----END SSH SIGNATURE-----\n';
const MOST_TEXTS = 100;

/** Take texts apart that lie one after the other; what is behind the last is dropped. */
export function splitSigners(bytes: Buffer): Buffer[] {
  const texts: Buffer[] = [];
  let at = 0;
  while (texts.length < MOST_TEXTS) {
    const end = bytes.indexOf(END, at, 'latin1');
    if (end === -1) break;
    texts.push(bytes.subarray(at, end + END.length));
    at = end + END.length;
  }
  return texts.filter((text) => text.length <= LARGEST_TEXT);
}

function parseBody(body: string): Signers {
  const fields = readFields(body, malformed);
  fields.take('Push-Signers', /^1$/);
  const network = fields.take('Network', NAME);
  const sequence = fields.takePositive('Sequence');
  const signers: Signer[] = [];
  for (let one = takeSigner(fields); one !== undefined; one = takeSigner(fields)) signers.push(one);
  const issued = fields.takeTime('Issued');
  fields.end();
  if (!isArchiveName(network)) throw malformed('its network is not a valid name');
  if (signers.length === 0 || signers.length > MOST_SIGNERS) {
    throw malformed(`it names ${signers.length} keys: expected 1 to ${MOST_SIGNERS}`);
  }
  const lines = new Set(signers.map(({ key }) => key.line));
  if (lines.size < signers.length) throw malformed('it names a key twice');
  return { network, sequence, signers, issued };
}

const TIME = '-|[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z';
const SIGNER = new RegExp(`^(${TIME}) (${TIME}) (ssh-ed25519 [A-Za-z0-9+/]{68})$`);

function takeSigner(fields: FieldReader): Signer | undefined {
  const line = fields.takeOptional('Signer', SIGNER);
  if (line === undefined) return undefined;
  const [, after = '-', before = '-', text = ''] = SIGNER.exec(line) ?? [];
  const [validAfter, validBefore] = [timeOf(after), timeOf(before)];
  if (validAfter !== undefined && validBefore !== undefined && validBefore <= validAfter) {
    throw malformed('a key ends before it begins');
  }
  return {
    key: keyOf(text),
    ...(validAfter === undefined ? {} : { validAfter }),
    ...(validBefore === undefined ? {} : { validBefore }),
  };
}

function timeOf(text: string): Date | undefined {
  if (text === '-') return undefined;
  const date = new Date(text);
  if (Number.isNaN(date.getTime()) || formatTime(date, malformed) !== text) {
    throw malformed('one of its times does not exist');
  }
  return date;
}

function keyOf(text: string): PublicKey {
  try {
    return parsePublicKey(text);
  } catch (cause) {
    if (!(cause instanceof AclError)) throw cause;
    throw malformed('one of its keys cannot be used', cause);
  }
}

function malformed(why: string, cause?: unknown): TriggerError {
  const message = `This is not a text on who may sign: ${why}.`;
  return new TriggerError('malformed-signers', message, cause === undefined ? {} : { cause });
}
