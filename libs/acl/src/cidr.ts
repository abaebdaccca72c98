import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { AclError } from './errors.ts';

/** A range of addresses. IPv4 lies inside IPv6 as `::ffff:0:0/96` (RFC 4291 section 2.5.5.2). */
export interface Cidr {
  /** As tools want it: `10.0.0.0/8`, `2001:db8::/32`; always with its prefix. */
  text: string;
  family: 4 | 6;
  /** The bits that are compared, of 128. */
  bits: number;
  /** The first address, as a number of 128 bits. */
  first: bigint;
}

/**
 * Read `address/prefix`, or a lone address as a range of one. Strict: four decimal numbers or full
 * IPv6 (not `10.1`, `0x7f.1`, `010.0.0.1`), no zone, and no bits set behind the prefix, for which
 * sshd would drop the whole list.
 *
 * @throws AclError `malformed-cidr`
 */
export function parseCidr(text: string): Cidr {
  const match = /^([0-9A-Fa-f:.]{2,45})(?:\/(0|[1-9]\d{0,2}))?$/.exec(text);
  const [, address = '', digits] = match ?? [];
  const family = isIP(address);
  const width = family === 4 ? 32 : 128;
  const prefix = digits === undefined ? width : Number(digits);
  if (family === 0 || prefix > width) {
    throw malformed(text, 'expected one such as "192.0.2.0/24", "192.0.2.7" or "2001:db8::/32"');
  }
  const bits = prefix + 128 - width;
  const first = asNumber(address);
  if (first !== masked(first, bits)) {
    const meant = asCidr(masked(first, bits), bits).text;
    throw malformed(text, `it has bits set behind its prefix. Did you mean "${meant}"?`);
  }
  return asCidr(first, bits);
}

/** Whether `parseCidr` can read it. */
export function isCidr(text: string): boolean {
  try {
    parseCidr(text);
    return true;
  } catch (error) {
    if (error instanceof AclError) return false;
    throw error;
  }
}

/**
 * Whether an address lies in one of the ranges (written or parsed). An IPv4 address is the same in
 * its mapped form (`::ffff:192.0.2.1`); a zone (`%eth0`) is left out of account. What is not an
 * address lies in none.
 *
 * @throws AclError `malformed-cidr`
 */
export function inCidrs(ip: string, cidrs: readonly (string | Cidr)[]): boolean {
  return closestCidr(ip, cidrs) !== undefined;
}

/** The narrowest of the ranges that an address lies in. */
export function closestCidr(ip: string, cidrs: readonly (string | Cidr)[]): Cidr | undefined {
  const parsed = cidrs.map((one) => (typeof one === 'string' ? parseCidr(one) : one));
  if (isIP(ip) === 0) return undefined;
  const address = asNumber(ip.replace(/%.*$/s, ''));
  const around = parsed.filter(({ first, bits }) => masked(address, bits) === first);
  return around.toSorted((a, b) => b.bits - a.bits)[0];
}

/** How a range is written. */
export function textOfCidr({ first, bits }: Pick<Cidr, 'first' | 'bits'>): string {
  return `${asText(first)}/${isIPv4(first, bits) ? bits - 96 : bits}`;
}

function asCidr(first: bigint, bits: number): Cidr {
  return { text: textOfCidr({ first, bits }), family: isIPv4(first, bits) ? 4 : 6, bits, first };
}

function isIPv4(first: bigint, bits: number): boolean {
  return bits >= 96 && first >> 32n === 0xffffn;
}

function asNumber(address: string): bigint {
  const parsed = ipaddr.parse(address);
  const six = parsed instanceof ipaddr.IPv4 ? parsed.toIPv4MappedAddress() : parsed;
  return BigInt(`0x${Buffer.from(six.toByteArray()).toString('hex')}`);
}

function asText(value: bigint): string {
  const bytes = Buffer.from(value.toString(16).padStart(32, '0'), 'hex');
  return ipaddr.process(ipaddr.fromByteArray([...bytes]).toString()).toString();
}

function masked(value: bigint, bits: number): bigint {
  const behind = BigInt(128 - bits);
  return (value >> behind) << behind;
}

function malformed(text: string, why: string): AclError {
  const shown = JSON.stringify(text.slice(0, 80));
  return new AclError('malformed-cidr', `${shown} is not a range of addresses: ${why}`);
}
