import { isIP } from 'node:net';

/** An archive's name: it is also a folder's, an rsync module's and a word on the wire. */
export function isArchiveName(text: string): boolean {
  return /^[a-z0-9][a-z0-9._+-]{0,63}$/.test(text) && !text.includes('..');
}

/** A mirror's name: labels like a host's, lower case; it is also the name of its trace file. */
export function isMirrorName(text: string): boolean {
  return text.length <= 253 && /^[a-z0-9.-]+$/.test(text) && text.split('.').every(isLabel);
}

/**
 * A DNS name or an IP literal, safe as one word of ssh's and rsync's command lines: it never starts
 * with `-`, and has no zone, port or brackets. A name that ends in a number (`10.1`, `0x7f.1`) is
 * refused, since some resolvers read it as an address.
 */
export function isHost(text: string): boolean {
  if (isIP(text) !== 0) return !text.includes('%');
  if (text.length > 253) return false;
  const labels = text.split('.');
  return labels.every(isLabel) && !/^(\d+|0x[0-9a-f]*)$/i.test(labels.at(-1) ?? '');
}

/** A Unix user's name, in the strict form that Debian's adduser accepts. */
export function isUser(text: string): boolean {
  return /^[a-z_][a-z0-9_-]{0,31}$/.test(text);
}

function isLabel(label: string): boolean {
  return /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(label);
}
