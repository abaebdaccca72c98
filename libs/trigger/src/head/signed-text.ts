import { TriggerError } from '../errors.ts';

/** A signed text is at most this many bytes, its signature included. */
export const LARGEST_TEXT = 4096;

/** The error for a text that does not follow its grammar; `why` never quotes the text. */
export type Malformed = (why: string, cause?: unknown) => TriggerError;

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
 * @throws what `malformed` makes, never with a byte of the text in its message.
 */
export function splitSignedText(bytes: Uint8Array, malformed: Malformed): SignedText {
  if (bytes.length > LARGEST_TEXT) throw malformed(`it is larger than ${LARGEST_TEXT} bytes`);
  const text = Buffer.from(bytes).toString('latin1');
  if (!/^[\n\x20-\x7e]*$/.test(text)) throw malformed('it is not plain ASCII with LF');
  const start = text.indexOf(BEGIN);
  if (start === -1) throw malformed('it has no signature');
  const armour = text.slice(start);
  if (!isArmour(armour)) throw malformed('it does not end with exactly one SSH signature');
  return { body: Buffer.from(bytes).subarray(0, start), armour };
}

function isArmour(text: string): boolean {
  if (!text.startsWith(BEGIN) || !text.endsWith(`\n${END}`)) return false;
  const lines = text.slice(BEGIN.length, -END.length);
  return /^(?:[A-Za-z0-9+/]{1,76}={0,2}\n)+$/.test(lines);
}
