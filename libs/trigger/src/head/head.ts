import { isArchiveName } from '@pushmirror/acl';
import { TriggerError } from '../errors.ts';
import { formatTime, NAME, readFields, toPositive } from './fields.ts';
import { LARGEST_TEXT, splitSignedText } from './signed-text.ts';

/** A head is at most this many bytes, its signature included. */
export const LARGEST_HEAD = LARGEST_TEXT;

/** The SSHSIG namespace of heads: a signature made for anything else never counts for a head. */
export const HEAD_NAMESPACE = 'pushmirror-head';

/** Where a head lies below an archive's root. */
export const HEAD_PATH = 'project/pushmirror/Release.head';

/** "Archive X is now at serial N, its manifest has this digest" (docs/formats.md, "Head"). */
export interface Head {
  /** The network's name; the same shape as an archive's. */
  network: string;
  archive: string;
  /** From 1; one more only when a master starts its serials anew. */
  epoch: number;
  /** From 1; only grows within an epoch. */
  serial: number;
  /** Of the manifest's root; absent when the archive was published without a manifest. */
  manifest?: { sha256: string; bytes: number };
  /** To the second. */
  issued: Date;
  /** To the second; later than `issued`. */
  expires: Date;
}

/** A head as it travels. That it parsed says nothing about who signed it. */
export interface SignedHead {
  head: Head;
  /** The whole file: body and armour. */
  bytes: Buffer;
  /** What is signed. */
  body: Buffer;
  armour: string;
}

/**
 * The body of a head: the bytes to sign, in the one form a head has.
 *
 * @throws TriggerError `malformed-head` for a head that `parseHead` would refuse.
 */
export function formatHead(head: Head): string {
  const { manifest } = head;
  const body = [
    'Push-Head: 1',
    `Network: ${head.network}`,
    `Archive: ${head.archive}`,
    `Epoch: ${head.epoch}`,
    `Serial: ${head.serial}`,
    ...(manifest === undefined ? [] : [`Manifest: sha256:${manifest.sha256} ${manifest.bytes}`]),
    `Issued: ${formatTime(head.issued, malformed)}`,
    `Expires: ${formatTime(head.expires, malformed)}`,
    '',
  ].join('\n');
  parseBody(body);
  return body;
}

/**
 * Read a head from outside: its grammar only. Whether to believe it is `judgeHead`'s business.
 *
 * @throws TriggerError `malformed-head`; the message names a line or a field, never its content.
 */
export function parseHead(bytes: Uint8Array): SignedHead {
  const { body, armour } = splitSignedText(bytes, malformed);
  return { head: parseBody(body.toString('latin1')), bytes: Buffer.from(bytes), body, armour };
}

function parseBody(body: string): Head {
  const fields = readFields(body, malformed);
  fields.take('Push-Head', /^1$/);
  const network = fields.take('Network', NAME);
  const archive = fields.take('Archive', NAME);
  const epoch = fields.takePositive('Epoch');
  const serial = fields.takePositive('Serial');
  const manifest = fields.takeOptional('Manifest', MANIFEST);
  const issued = fields.takeTime('Issued');
  const expires = fields.takeTime('Expires');
  fields.end();
  if (!isArchiveName(network)) throw malformed('its network is not a valid name');
  if (!isArchiveName(archive)) throw malformed('its archive is not a valid name');
  if (expires <= issued) throw malformed('it expires before it was issued');
  const head = { network, archive, epoch, serial, issued, expires };
  return manifest === undefined ? head : { ...head, manifest: toManifest(manifest) };
}

const MANIFEST = /^sha256:[0-9a-f]{64} [1-9][0-9]{0,15}$/;

function toManifest(text: string): { sha256: string; bytes: number } {
  const [digest = '', bytes = ''] = text.split(' ');
  return {
    sha256: digest.slice('sha256:'.length),
    bytes: toPositive("manifest's size", bytes, malformed),
  };
}

function malformed(why: string, cause?: unknown): TriggerError {
  const message = `This is not a head: ${why}.`;
  return new TriggerError('malformed-head', message, cause === undefined ? {} : { cause });
}
