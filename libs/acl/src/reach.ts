import { parseCidr, textOfCidr, type Cidr } from './cidr.ts';
import { decide } from './decide.ts';
import { AclError } from './errors.ts';
import type { Request, Rule } from './rule.ts';

/** Every address there is, of both families. */
export const EVERYWHERE: readonly string[] = ['0.0.0.0/0', '::/0'];

/**
 * From where a request would be allowed: the fewest ranges that hold exactly these addresses, in
 * order, IPv4 first. Empty: from nowhere. This is what turns rules into `hosts allow`.
 *
 * @param within only addresses in these ranges are asked about; absent: all.
 */
export function reachOf(
  rules: readonly Rule[],
  request: Omit<Request, 'from'>,
  within?: readonly string[],
): string[] {
  const mine = rules.filter((rule) => rule.action === request.action);
  const limit = within === undefined ? undefined : ranges([{ from: within }]);
  const mentioned = unique([...ranges(mine), ...(limit ?? [])]);
  const known = new Map<string, boolean>();
  const isAllowed: Verdict = (inside, first) => {
    // The narrowest range around an address says which others are around it too.
    const found = known.get(inside);
    if (found !== undefined) return found;
    const from = textOfCidr({ first, bits: 128 }).replace(/\/\d+$/, '');
    const isIn = limit === undefined || limit.some((cidr) => holds(cidr, { first, bits: 128 }));
    const allowed = isIn && decide(mine, { ...request, from }).allowed;
    known.set(inside, allowed);
    return allowed;
  };
  const outside = mentioned.filter((cidr) => holds(cidr, IPV4)).toSorted((a, b) => b.bits - a.bits);
  const four = mentioned.filter((cidr) => cidr.family === 4);
  const six = mentioned.filter((cidr) => cidr.family === 6);
  return [
    ...cover(IPV4, four, `4 ${outside[0]?.text ?? ''}`, isAllowed),
    ...cover(IPV6, six, '6', isAllowed),
  ].map(textOfCidr);
}

/** Whether every address of `some` lies in `all`; both as `reachOf` gives them. */
export function isWithin(some: readonly string[], all: readonly string[]): boolean {
  const around = all.map(parseCidr);
  return some
    .map(parseCidr)
    .every((one) => around.some((by) => sameFamily(by, one) && holds(by, one)));
}

/** The addresses of any of these lists; all as `reachOf` gives them. */
export function uniteReaches(lists: readonly (readonly string[])[]): string[] {
  return combine([lists.flat()], ([any = false]) => any);
}

/** The addresses that are in both lists; both as `reachOf` gives them. */
export function intersectReaches(some: readonly string[], others: readonly string[]): string[] {
  return combine([some, others], ([one = false, other = false]) => one && other);
}

/** The addresses of the first list that are not in the second; both as `reachOf` gives them. */
export function subtractReaches(from: readonly string[], others: readonly string[]): string[] {
  return combine([from, others], ([one = false, other = false]) => one && !other);
}

function combine(
  lists: readonly (readonly string[])[],
  isIn: (each: readonly boolean[]) => boolean,
): string[] {
  const parsed = lists.map((list) => unique(list.map(parseCidr)));
  return ([4, 6] as const).flatMap((family) => {
    const own = parsed.map((list) => list.filter((cidr) => cidr.family === family));
    const ask = (_: string, first: bigint) =>
      isIn(own.map((list) => list.some((cidr) => holds(cidr, { first, bits: 128 }))));
    return cover(family === 4 ? IPV4 : IPV6, unique(own.flat()), '', ask).map(textOfCidr);
  });
}

type Range = Pick<Cidr, 'first' | 'bits'>;
type Verdict = (inside: string, first: bigint) => boolean;

const IPV4: Range = { first: 0xffffn << 32n, bits: 96 };
const IPV6: Range = { first: 0n, bits: 0 };

/** Halve a range until no range that a rule mentions lies inside of it, then ask about it once. */
function cover(at: Range, inside: readonly Cidr[], closest: string, ask: Verdict): Range[] {
  const here = inside.find((cidr) => cidr.bits === at.bits);
  const around = here === undefined ? closest : here.text;
  const below = inside.filter((cidr) => cidr.bits > at.bits);
  if (below.length === 0) return ask(around, at.first) ? [at] : [];
  const halves = halvesOf(at).map((half) => {
    const within = below.filter((cidr) => holds(half, cidr));
    return { half, covered: cover(half, within, around, ask) };
  });
  const isFull = halves.every(({ half, covered }) => covered[0]?.bits === half.bits);
  return isFull ? [at] : halves.flatMap(({ covered }) => covered);
}

function halvesOf({ first, bits }: Range): Range[] {
  const second = first | (1n << BigInt(127 - bits));
  return [
    { first, bits: bits + 1 },
    { first: second, bits: bits + 1 },
  ];
}

function holds(range: Range, one: Range): boolean {
  const behind = BigInt(128 - range.bits);
  return one.bits >= range.bits && one.first >> behind === range.first >> behind;
}

/** `::/0` is written for IPv6 alone: tools do not read it as every IPv4 address too. */
function sameFamily(a: Cidr, b: Cidr): boolean {
  return a.family === b.family;
}

/** What cannot be read is not mentioned; `decide` judges such a rule alike for all addresses. */
function ranges(rules: readonly { from?: readonly string[] }[]): Cidr[] {
  return rules.flatMap(({ from = [] }) => {
    try {
      return from.map(parseCidr);
    } catch (error) {
      if (error instanceof AclError) return [];
      throw error;
    }
  });
}

function unique(cidrs: readonly Cidr[]): Cidr[] {
  return [...new Map(cidrs.map((cidr) => [cidr.text, cidr])).values()];
}
