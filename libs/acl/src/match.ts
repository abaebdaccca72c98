import { closestCidr } from './cidr.ts';
import { AclError } from './errors.ts';
import { literalLength, matchesPath } from './path-pattern.ts';
import type { Request, Rule } from './rule.ts';

/**
 * How specific a rule is in each respect; a greater number is more specific.
 *
 * - `who`: key, then mirror, role, tier, network, anyone; several together add up.
 * - `what`: a path (the more it spells out, the more), then a view, an archive, everything.
 * - `from`: the prefix of the narrowest range that the address lies in, anywhere.
 * - `when`: both ends of a validity, one end, always.
 */
export interface Specificity {
  who: number;
  what: number;
  from: number;
  when: number;
}

/** Whether a rule speaks of a request, and how specifically; or why it does not. */
export type Match = { matched: true; specificity: Specificity } | { matched: false; why: string };

const WEIGHT = { key: 16, mirror: 8, role: 4, tier: 2, network: 1 };

/**
 * Hold a rule against a request.
 *
 * What cannot be judged (an address that is not known, a range or a date that cannot be read)
 * counts against the one who asks: it holds for a deny and does not hold for an allow.
 */
export function match(rule: Rule, request: Request): Match {
  const why =
    whyNotAction(rule, request) ??
    whyNotWho(rule, request) ??
    whyNotWhat(rule, request) ??
    whyNotWhen(rule, request);
  if (why !== undefined) return { matched: false, why };
  const from = howFrom(rule, request);
  if (typeof from === 'string') return { matched: false, why: from };
  const when = [rule.validFrom, rule.validUntil].filter((date) => date !== undefined).length;
  return {
    matched: true,
    specificity: { who: specificityOfWho(rule), what: specificityOfWhat(rule), from, when },
  };
}

function whyNotAction(rule: Rule, request: Request): string | undefined {
  return rule.action === request.action ? undefined : `it is about ${rule.action}`;
}

function whyNotWho({ who }: Rule, { who: asking }: Request): string | undefined {
  if (who.key !== undefined && who.key !== asking.key) return 'another key';
  if (who.mirror !== undefined && who.mirror !== asking.mirror) return 'another mirror';
  if (who.role !== undefined && asking.roles?.includes(who.role) !== true) return 'another role';
  if (who.tier !== undefined && who.tier !== asking.tier) return 'another tier';
  if (who.network !== undefined && who.network !== asking.network) return 'another network';
  return undefined;
}

function whyNotWhat(rule: Rule, request: Request): string | undefined {
  if (rule.archive !== undefined && rule.archive !== request.archive) return 'another archive';
  if (rule.view !== undefined && rule.view !== request.view) return 'another view';
  if (rule.path === undefined) return undefined;
  if (request.path === undefined) return 'it is about some paths only';
  return matchesPath(rule.path, request.path) ? undefined : 'other paths';
}

function whyNotWhen(rule: Rule, { at }: Request): string | undefined {
  const from = rule.validFrom?.getTime() ?? -Infinity;
  const until = rule.validUntil?.getTime() ?? Infinity;
  const moment = at.getTime();
  if (Number.isNaN(from) || Number.isNaN(until) || Number.isNaN(moment)) {
    return rule.effect === 'deny' ? undefined : 'its dates cannot be read';
  }
  if (moment < from) return 'it does not hold yet';
  return moment < until ? undefined : 'it no longer holds';
}

/** How narrow the range is that the address lies in (0: anywhere), or why the rule does not hold. */
function howFrom(rule: Rule, request: Request): number | string {
  if (rule.from === undefined) return 0;
  const unknown = (why: string) => (rule.effect === 'deny' ? 1 : why);
  if (request.from === undefined) return unknown('the address is not known');
  try {
    const closest = closestCidr(request.from, rule.from);
    return closest === undefined ? 'another address' : 1 + closest.bits;
  } catch (error) {
    if (error instanceof AclError) return unknown('its ranges of addresses cannot be read');
    throw error;
  }
}

function specificityOfWho({ who }: Rule): number {
  let sum = 0;
  if (who.key !== undefined) sum += WEIGHT.key;
  if (who.mirror !== undefined) sum += WEIGHT.mirror;
  if (who.role !== undefined) sum += WEIGHT.role;
  if (who.tier !== undefined) sum += WEIGHT.tier;
  if (who.network !== undefined) sum += WEIGHT.network;
  return sum;
}

function specificityOfWhat(rule: Rule): number {
  if (rule.path !== undefined) return 3 + literalLength(rule.path);
  if (rule.view !== undefined) return 2;
  return rule.archive === undefined ? 0 : 1;
}
