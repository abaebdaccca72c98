import { match, type Specificity } from './match.ts';
import { isPlainPath } from './path-pattern.ts';
import type { Request, Rule } from './rule.ts';

/** One rule that was looked at, and what became of it. */
export interface Considered {
  rule: Rule;
  /** It speaks of the request; another rule may still have been more specific. */
  matched: boolean;
  why: string;
}

/** The answer to a request, with the rule that gave it. */
export interface Decision {
  allowed: boolean;
  /** The rule that decided; absent where none speaks of the request, which denies it. */
  rule?: Rule;
  /** One sentence. */
  reason: string;
  /** The rules that apply, most specific first, then those about the same action that do not. */
  considered: Considered[];
}

/**
 * Decide a request. Pure and total: any rules and any request give an answer, always the same one,
 * in whatever order the rules come.
 *
 * 1. Only rules whose every part holds apply (match.ts).
 * 2. A rule overrules another when it is more specific in one respect (who, what, from, when) and
 *    as specific or more in all others. Where each is more specific in another respect, neither
 *    overrules: a tie.
 *    A default yields besides to every other rule that says who: a deny that names a mirror, a tier
 *    or a role is never undone by what the registry knows of that mirror's archives.
 * 3. Of the rules that are not overruled, a deny beats an allow. So an allow makes an exception to
 *    a deny only by being more specific all round, never by speaking of something else.
 * 4. Where no rule applies, the answer is no.
 */
export function decide(rules: readonly Rule[], request: Request): Decision {
  if (request.path !== undefined && !isPlainPath(request.path)) {
    return {
      allowed: false,
      reason: 'The path is not a plain one inside the archive.',
      considered: [],
    };
  }
  const { applying, others } = sift(rules, request);
  const standing = applying.filter((one) => !applying.some((by) => overrules(by, one)));
  const deciding = standing.find(({ rule }) => rule.effect === 'deny') ?? standing[0];
  const considered = [
    ...applying.map((one) => asConsidered(one, deciding, applying)),
    ...others.map(({ rule, why }) => ({ rule, matched: false, why })),
  ];
  if (deciding === undefined) {
    return { allowed: false, reason: `No rule allows ${inWords(request)}.`, considered };
  }
  const { rule } = deciding;
  const verb = rule.effect === 'allow' ? 'allows' : 'denies';
  const reason = `Rule "${rule.id}" ${verb} ${inWords(request)}.`;
  return { allowed: rule.effect === 'allow', rule, reason, considered };
}

interface Applying {
  rule: Rule;
  specificity: Specificity;
}

function sift(rules: readonly Rule[], request: Request) {
  const applying: Applying[] = [];
  const others: { rule: Rule; why: string }[] = [];
  for (const rule of rules) {
    const result = match(rule, request);
    if (result.matched) applying.push({ rule, specificity: result.specificity });
    else if (rule.action === request.action) others.push({ rule, why: result.why });
  }
  return { applying: applying.toSorted(mostSpecificFirst), others };
}

const RESPECTS = ['who', 'what', 'from', 'when'] as const;

/** Only for the order in which rules are shown and named; who wins is `overrules`' to say. */
function mostSpecificFirst(a: Applying, b: Applying): number {
  for (const respect of RESPECTS) {
    const difference = b.specificity[respect] - a.specificity[respect];
    if (difference !== 0) return difference;
  }
  if (a.rule.effect !== b.rule.effect) return a.rule.effect === 'deny' ? -1 : 1;
  return a.rule.id < b.rule.id ? -1 : Number(a.rule.id > b.rule.id);
}

function overrules(by: Applying, one: Applying): boolean {
  if (yields(one, by)) return true;
  if (yields(by, one)) return false;
  const differences = RESPECTS.map((name) => by.specificity[name] - one.specificity[name]);
  return differences.every((more) => more >= 0) && differences.some((more) => more > 0);
}

function yields(one: Applying, to: Applying): boolean {
  return one.rule.isDefault === true && to.rule.isDefault !== true && to.specificity.who > 0;
}

function asConsidered(
  one: Applying,
  deciding: Applying | undefined,
  applying: readonly Applying[],
): Considered {
  const by = applying.find((other) => overrules(other, one));
  let why = 'it applies, and decides';
  if (by !== undefined && yields(one, by)) why = `it applies, but yields to "${by.rule.id}"`;
  else if (by !== undefined) why = `it applies, but "${by.rule.id}" is more specific`;
  else if (one !== deciding) why = whyBeside(one, deciding);
  return { rule: one.rule, matched: true, why };
}

function whyBeside(one: Applying, deciding: Applying | undefined): string {
  const name = deciding?.rule.id ?? '';
  if (one.rule.effect === deciding?.rule.effect) return `it applies, and agrees with "${name}"`;
  return `it applies, but is not more specific than "${name}" all round, and a deny wins a tie`;
}

function inWords({ who, action, archive, view, path, from }: Request): string {
  const whom = who.mirror ?? who.key ?? who.roles?.join(', ') ?? 'somebody unknown';
  const what = [
    archive === undefined ? '' : ` of archive ${archive}`,
    view === undefined ? '' : `, view ${view}`,
    path === undefined ? '' : `, path ${JSON.stringify(path)}`,
    from === undefined ? '' : `, from ${from}`,
  ];
  return `${action}${what.join('')} by ${whom}`;
}
