import { TriggerError } from '../errors.ts';

/** A signed text is at most this many bytes, its signature included. */
export const LARGEST_HEAD = 4096;

/** A small text in `Field: value` lines, and the SSH signature over exactly these bytes. */
export interface SignedText {
  /** What is signed: every byte before the armour. */
  body: Buffer;
  /** From the BEGIN line to the END line and its LF, as `ssh-keygen -Y sign` writes it. */
  armour: string;
}

const BEGIN = '-----BEGIN SSH SIGNATURE-----\n';
const END = '-----END SSH SIGNATURE-----\n';

/**
 * Split a signed text where its armour begins (docs/formats.md, "Head"): lines of printable ASCII,
 * LF, then one armour block and nothing after it.
 *
 * @throws TriggerError `malformed-head`, never with a byte of the text in its message.
 */
export function splitSignedText(bytes: Uint8Array): SignedText {
  if (bytes.length > LARGEST_HEAD) throw malformedHead(`it is larger than ${LARGEST_HEAD} bytes`);
  const text = Buffer.from(bytes).toString('latin1');
  if (!/^[\n\x20-\x7e]*$/.test(text)) throw malformedHead('it is not plain ASCII with LF');
  const start = text.indexOf(BEGIN);
  if (start === -1) throw malformedHead('it has no signature');
  const armour = text.slice(start);
  if (!isArmour(armour)) {
    throw malformedHead('it does not end with exactly one SSH signature');
  }
  return { body: Buffer.from(bytes).subarray(0, start), armour };
}

/** The error for a head that does not follow the grammar; `why` never quotes the head. */
export function malformedHead(why: string, cause?: unknown): TriggerError {
  const message = `This is not a head: ${why}.`;
  return new TriggerError('malformed-head', message, cause === undefined ? {} : { cause });
}

function isArmour(text: string): boolean {
  if (!text.startsWith(BEGIN) || !text.endsWith(`\n${END}`)) return false;
  const lines = text.slice(BEGIN.length, -END.length);
  return /^(?:[A-Za-z0-9+/]{1,76}={0,2}\n)+$/.test(lines);
}
