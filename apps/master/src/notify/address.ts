import { isHost } from '@pushmirror/acl/names';
import { isIP } from 'node:net';

/** One plain mail address of ASCII, as most of the world has: no quotes, no comments, no lists. */
export function isMailAddress(text: string): boolean {
  const [, local, domain] =
    /^([A-Za-z0-9!#$%&'*+/=?^_{|}~.-]{1,64})@([A-Za-z0-9.-]{1,250})$/.exec(text) ?? [];
  if (local === undefined || domain === undefined) return false;
  if (local.startsWith('.') || local.endsWith('.') || local.includes('..')) return false;
  return domain.includes('.') && isHost(domain) && isIP(domain) === 0;
}

/** The address in what a mirror's operator wrote as contact: `Mirror team <mirror@example.org>`. */
export function addressIn(contact: string): string | undefined {
  const words = contact.split(/[\s<>(),;:"[\]]+/u).map((word) => word.replace(/\.$/, ''));
  return words.find(isMailAddress);
}
