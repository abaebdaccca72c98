import { parseCidr } from './cidr.ts';
import { AclError } from './errors.ts';
import type { PublicKey } from './key.ts';

/** One line of authorized_keys. */
export interface AuthorizedKey {
  /** What the key may run, and nothing else: an absolute path and its arguments. */
  command: readonly string[];
  key: PublicKey;
  /** CIDRs; absent: from anywhere. */
  from?: readonly string[];
  /** A plain word, such as the mirror's name. */
  comment?: string;
}

/** sshd reads lines of up to 8 KiB (SSH_MAX_PUBKEY_BYTES holds for the key alone). */
const LONGEST_LINE = 8 * 1024;

/**
 * `restrict,command="...",from="..." type base64 comment` (sshd(8), AUTHORIZED_KEYS FILE FORMAT):
 * no terminal, no forwarding, no rc file, no command but ours. sshd hands the command to the user's
 * shell, so a word with any character that a shell or sshd could read otherwise is refused, not
 * quoted.
 *
 * @throws AclError `unsafe-authorized-key` or `malformed-cidr`
 */
export function renderAuthorizedKey(options: AuthorizedKey): string {
  const { command, key, from, comment = '' } = options;
  const parts = ['restrict', `command="${commandText(command)}"`];
  if (from !== undefined) parts.push(`from="${fromText(from)}"`);
  if (!/^[A-Za-z0-9@._+-]{0,255}$/.test(comment)) {
    throw unsafe('its comment must be one plain word, such as the mirror name');
  }
  const line = [parts.join(','), key.line, comment].filter((part) => part !== '').join(' ');
  if (line.length > LONGEST_LINE) throw unsafe('it would be longer than 8 KiB: name fewer ranges');
  return line;
}

function commandText(command: readonly string[]): string {
  if (!command[0]?.startsWith('/')) throw unsafe('its command must begin with an absolute path');
  const odd = command.find((word) => !/^[A-Za-z0-9_@+=:,./-]+$/.test(word));
  if (odd !== undefined) {
    const shown = JSON.stringify(odd.slice(0, 80));
    throw unsafe(`the word ${shown} of its command holds characters that a shell could read`);
  }
  return command.join(' ');
}

function fromText(from: readonly string[]): string {
  if (from.length === 0) throw unsafe('"from" is empty: leave it out for "from anywhere"');
  return from.map((cidr) => parseCidr(cidr).text).join(',');
}

function unsafe(why: string): AclError {
  return new AclError('unsafe-authorized-key', `No authorized_keys line can be made: ${why}.`);
}
