import { isIP } from 'node:net';
import { inCidrs, parseCidr, type Cidr } from '@pushmirror/acl';

/**
 * Where the master does not connect on a stranger's word: the special-purpose addresses of IANA's
 * registries (RFC 6890), and addresses of IPv6 that stand for one of IPv4, since somebody else
 * decides where those lead. The order is that of the answer: the narrower range first.
 */
const FORBIDDEN: [range: string, why: string][] = [
  ['169.254.169.254/32', 'the metadata service of a cloud'],
  ['168.63.129.16/32', 'the metadata service of a cloud'],
  ['100.100.100.200/32', 'the metadata service of a cloud'],
  ['fd00:ec2::254/128', 'the metadata service of a cloud'],
  ['127.0.0.0/8', 'loopback'],
  ['0.0.0.0/8', 'this host'],
  ['10.0.0.0/8', 'private'],
  ['172.16.0.0/12', 'private'],
  ['192.168.0.0/16', 'private'],
  ['100.64.0.0/10', 'inside a provider (carrier-grade NAT)'],
  ['169.254.0.0/16', 'link-local'],
  ['192.0.0.0/24', 'reserved for protocols'],
  ['192.0.2.0/24', 'for documentation'],
  ['198.51.100.0/24', 'for documentation'],
  ['203.0.113.0/24', 'for documentation'],
  ['192.88.99.0/24', 'a 6to4 relay'],
  ['198.18.0.0/15', 'for benchmarks'],
  ['224.0.0.0/4', 'multicast'],
  ['240.0.0.0/4', 'reserved'],
  ['::/128', 'this host'],
  ['::1/128', 'loopback'],
  ['fe80::/10', 'link-local'],
  ['fec0::/10', 'private'],
  ['fc00::/7', 'private'],
  ['ff00::/8', 'multicast'],
  ['64:ff9b::/96', 'translated to IPv4 (NAT64)'],
  ['64:ff9b:1::/48', 'translated to IPv4 (NAT64)'],
  ['::ffff:0:0:0/96', 'translated to IPv4'],
  ['::/96', 'an IPv4 address in IPv6'],
  ['2002::/16', 'translated to IPv4 (6to4)'],
  ['2001::/32', 'translated to IPv4 (Teredo)'],
  ['2001::/23', 'reserved for protocols'],
  ['2001:db8::/32', 'for documentation'],
  ['3fff::/20', 'for documentation'],
];

const ranges = FORBIDDEN.map(([range, why]): { range: Cidr; why: string } => ({
  range: parseCidr(range),
  why,
}));
/** What IANA hands out to hosts; of IPv4, all that is not forbidden above. */
const V4 = [parseCidr('0.0.0.0/0')];
const GLOBAL = [parseCidr('2000::/3'), ...V4];

/**
 * Why we must not connect to an address, in words; undefined when it may. `allow` are ranges
 * that the administrator has opened, for networks without public addresses.
 */
export function whyForbidden(address: string, allow: readonly Cidr[]): string | undefined {
  if (address.includes('%')) return 'bound to one interface';
  if (inCidrs(address, allow)) return undefined;
  const found = ranges.find(({ range }) => inCidrs(address, [range]));
  if (found !== undefined) return found.why;
  if (isIP(address) === 6 && inCidrs(address, V4)) return 'an IPv4 address in IPv6';
  return inCidrs(address, GLOBAL) ? undefined : 'not one that the internet routes';
}
