import { isArchiveName } from '@pushmirror/acl';
import { TriggerError } from '../errors.ts';
import type { SignedHead } from '../head/head.ts';
import type { SignedHold } from '../head/hold.ts';

/** The plain words, in the order they are sent. They mean what they mean to Debian's ftpsync. */
export const triggerWords = ['callback', 'mhop', 'stage1', 'stage2', 'all'] as const;

export type TriggerWord = (typeof triggerWords)[number];

/** A trigger on the wire: the command of an SSH exec request (docs/formats.md). */
export interface Trigger {
  /** Absent when none was named: to ftpsync, the main archive. */
  archive?: string;
  words: Set<TriggerWord>;
  /** The bytes of a head, as they came; nothing about them has been checked. */
  token?: Buffer;
  /** The bytes of a hold in place of a token, unchecked like that. Never sent to ftpsync. */
  hold?: Buffer;
}

/** A command is at most this many bytes. */
export const LONGEST_TRIGGER = 4096;

const PREFIX = 'sync:';
const ARCHIVE = 'sync:archive:';
const TOKEN = 'sync:token:';
const HOLD = 'sync:hold:';

/**
 * Read a trigger from outside. Words are separated by spaces (stock runmirrors sends one in front),
 * come in any order and at most once each.
 *
 * @throws TriggerError `malformed-trigger`; the message never quotes the command.
 */
export function parseTrigger(command: string): Trigger {
  if (Buffer.byteLength(command) > LONGEST_TRIGGER) {
    throw malformed(`it is longer than ${LONGEST_TRIGGER} bytes`);
  }
  const words = command.split(' ').filter((word) => word !== '');
  if (words.length === 0) throw malformed('it is empty');
  if (new Set(words).size !== words.length) throw malformed('a word is there twice');
  const archive = takeArchive(words.filter((word) => word.startsWith(ARCHIVE)));
  const token = takeText(words, TOKEN, 'token');
  const hold = takeText(words, HOLD, 'hold');
  if (token !== undefined && hold !== undefined) throw malformed('it has a token and a hold');
  const prefixes = [ARCHIVE, TOKEN, HOLD];
  const plain = words.filter((word) => !prefixes.some((prefix) => word.startsWith(prefix)));
  const trigger = { words: takeWords(plain) };
  if (hold !== undefined && plain.length > 0) throw malformed('it has a hold and asks for a sync');
  return {
    ...trigger,
    ...(archive === undefined ? {} : { archive }),
    ...(token === undefined ? {} : { token }),
    ...(hold === undefined ? {} : { hold }),
  };
}

/**
 * The command of a trigger. The token comes last, so that a stock mirror that cuts a long command
 * short has read the words it knows. `words` is `all` when left out; with a hold there are none.
 *
 * @throws TriggerError `malformed-trigger` for what `parseTrigger` would refuse.
 */
export function formatTrigger(trigger: {
  archive?: string;
  words?: Iterable<TriggerWord>;
  head?: Pick<SignedHead, 'bytes'>;
  hold?: Pick<SignedHold, 'bytes'>;
}): string {
  const { head, hold } = trigger;
  const words = new Set(trigger.words ?? (hold === undefined ? ['all'] : []));
  const command = [
    `${ARCHIVE}${trigger.archive ?? ''}`,
    ...triggerWords.filter((word) => words.has(word)).map((word) => `${PREFIX}${word}`),
    ...(head === undefined ? [] : [`${TOKEN}${head.bytes.toString('base64url')}`]),
    ...(hold === undefined ? [] : [`${HOLD}${hold.bytes.toString('base64url')}`]),
  ].join(' ');
  parseTrigger(command);
  return command;
}

function takeArchive(found: string[]): string | undefined {
  if (found.length > 1) throw malformed('it names more than one archive');
  const name = found[0]?.slice(ARCHIVE.length) ?? '';
  if (name === '') return undefined;
  if (!isArchiveName(name)) throw malformed('its archive is not a valid name');
  return name;
}

function takeText(words: string[], prefix: string, noun: string): Buffer | undefined {
  const found = words.filter((word) => word.startsWith(prefix));
  if (found.length > 1) throw malformed(`it has more than one ${noun}`);
  const text = found[0]?.slice(prefix.length);
  if (text === undefined) return undefined;
  const bytes = Buffer.from(text, 'base64url');
  if (text === '' || bytes.toString('base64url') !== text) {
    throw malformed(`its ${noun} is not base64url`);
  }
  return bytes;
}

function takeWords(found: string[]): Set<TriggerWord> {
  const words = new Set<TriggerWord>();
  for (const text of found) {
    const word = triggerWords.find((known) => text === `${PREFIX}${known}`);
    if (word === undefined) throw malformed('it has a word that is not known here');
    words.add(word);
  }
  if (words.has('all') && (words.has('stage1') || words.has('stage2'))) {
    throw malformed('it asks for all and for one stage at once');
  }
  return words;
}

function malformed(why: string): TriggerError {
  return new TriggerError('malformed-trigger', `This is not a trigger: ${why}.`);
}
