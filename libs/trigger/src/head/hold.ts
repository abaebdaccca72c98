import { isArchiveName } from '@pushmirror/acl';
import { TriggerError } from '../errors.ts';
import { formatTime, NAME, readFields } from './fields.ts';
import type { Head } from './head.ts';
import { LARGEST_TEXT, splitSignedText } from './signed-text.ts';
import type { SigningKey } from './signing-key.ts';
import { signMessage } from './sshsig.ts';

/** The SSHSIG namespace of holds. */
export const HOLD_NAMESPACE = 'pushmirror-hold';

/** Where the newest hold of an archive lies below its root. */
export const HOLD_PATH = 'project/pushmirror/Release.hold';

/** A hold is at most this many bytes, its signature included. */
export const LARGEST_HOLD = LARGEST_TEXT;

/** A reason is at most this many characters. */
const LONGEST_HOLD_REASON = 500;

/** "Go no further with serial N of archive X", or "you may again" (docs/formats.md, "Hold"). */
export interface Hold {
  network: string;
  archive: string;
  /** The release that is meant. */
  epoch: number;
  serial: number;
  /** From 1; grows with every hold of an archive, whatever release it is about. */
  sequence: number;
  state: 'held' | 'released';
  /** Printable ASCII, one line. */
  reason?: string;
  /** To the second. */
  issued: Date;
}

/** A hold as it travels. That it parsed says nothing about who signed it. */
export interface SignedHold {
  hold: Hold;
  /** The whole file: body and armour. */
  bytes: Buffer;
  /** What is signed. */
  body: Buffer;
  armour: string;
}

/** Whether this hold says that the release of this head is to go no further. */
export function holdCovers(hold: Hold | undefined, head: Head): boolean {
  if (hold === undefined || hold.state !== 'held') return false;
  const same = hold.network === head.network && hold.archive === head.archive;
  return same && hold.epoch === head.epoch && hold.serial === head.serial;
}

/**
 * The body of a hold: the bytes to sign, in the one form a hold has.
 *
 * @throws TriggerError `malformed-hold` for a hold that `parseHold` would refuse.
 */
export function formatHold(hold: Hold): string {
  const body = [
    'Push-Hold: 1',
    `Network: ${hold.network}`,
    `Archive: ${hold.archive}`,
    `Epoch: ${hold.epoch}`,
    `Serial: ${hold.serial}`,
    `Sequence: ${hold.sequence}`,
    `State: ${hold.state}`,
    ...(hold.reason === undefined ? [] : [`Reason: ${hold.reason}`]),
    `Issued: ${formatTime(hold.issued, malformed)}`,
    '',
  ].join('\n');
  if (!/^[\n\x20-\x7e]*$/.test(body)) throw malformed('it is not plain ASCII with LF');
  parseBody(body);
  return body;
}

/**
 * Read a hold from outside: its grammar only. Whether to believe it is `judgeHold`'s business.
 *
 * @throws TriggerError `malformed-hold`; the message names a line or a field, never its content.
 */
export function parseHold(bytes: Uint8Array): SignedHold {
  const { body, armour } = splitSignedText(bytes, malformed);
  return { hold: parseBody(body.toString('latin1')), bytes: Buffer.from(bytes), body, armour };
}

/**
 * Sign a hold. Its time is cut to the second, so the hold that comes back is the one that travels.
 *
 * @throws TriggerError `malformed-hold` for a hold that nobody would accept.
 */
export function signHold(hold: Hold, key: SigningKey): SignedHold {
  const body = Buffer.from(formatHold(hold), 'latin1');
  const armour = signMessage(body, key, HOLD_NAMESPACE);
  return parseHold(Buffer.concat([body, Buffer.from(armour, 'latin1')]));
}

function parseBody(body: string): Hold {
  const fields = readFields(body, malformed);
  fields.take('Push-Hold', /^1$/);
  const network = fields.take('Network', NAME);
  const archive = fields.take('Archive', NAME);
  const epoch = fields.takePositive('Epoch');
  const serial = fields.takePositive('Serial');
  const sequence = fields.takePositive('Sequence');
  const state = fields.take('State', /^(?:held|released)$/) === 'held' ? 'held' : 'released';
  const reason = fields.takeOptional('Reason', REASON);
  const issued = fields.takeTime('Issued');
  fields.end();
  if (!isArchiveName(network)) throw malformed('its network is not a valid name');
  if (!isArchiveName(archive)) throw malformed('its archive is not a valid name');
  const hold: Hold = { network, archive, epoch, serial, sequence, state, issued };
  return reason === undefined ? hold : { ...hold, reason };
}

/** Without blanks at its ends, so that there is one way to write it. */
const REASON = new RegExp(`^(?=[^ ])[\\x20-\\x7e]{1,${LONGEST_HOLD_REASON}}(?<! )$`);

function malformed(why: string, cause?: unknown): TriggerError {
  const message = `This is not a hold: ${why}.`;
  return new TriggerError('malformed-hold', message, cause === undefined ? {} : { cause });
}
