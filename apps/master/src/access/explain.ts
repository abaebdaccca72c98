import { decide, matchesPath, type Action, type Considered, type Request } from '@pushmirror/acl';
import { whoIs, type Policy } from './policy.ts';

/** What is asked: may this mirror (or anybody) do this? */
export interface Question {
  mirror?: string | undefined;
  action: Action;
  role?: string | undefined;
  key?: string | undefined;
  archive: string;
  view?: string | undefined;
  path?: string | undefined;
  from?: string | undefined;
}

export interface Explanation {
  allowed: boolean;
  /** The rule that decided. */
  rule: string | null;
  reason: string;
  /** The view that the path lies in, when it is asked about as a part of that. */
  view: string | null;
  considered: { rule: string; matched: boolean; why: string }[];
  notes: string[];
}

/**
 * Decide a question, and say by which rules. A path in a view is asked about as a part of that
 * view, as the compiled modules offer it.
 */
export function explain(policy: Policy, question: Question, at: Date): Explanation {
  const { mirror, action, archive, path, from, role, key } = question;
  const view = question.view ?? viewAround(policy, archive, path);
  const request: Request = {
    who: { ...whoIs(policy, mirror, key), ...(role === undefined ? {} : { roles: [role] }) },
    action,
    archive,
    at,
    ...(view === undefined ? {} : { view }),
    ...(path === undefined ? {} : { path }),
    ...(from === undefined ? {} : { from }),
  };
  const decision = decide(policy.rules, request);
  const about = decision.considered.filter((one) => speaksOf(one, request));
  const notes: string[] = [];
  if (mirror !== undefined && !policy.mirrors.some(({ name }) => name === mirror)) {
    notes.push(`There is no mirror ${mirror}: it was asked about as a stranger.`);
  }
  const { mirror: _, ...anybody } = question;
  if (mirror !== undefined && !decision.allowed && explain(policy, anybody, at).allowed) {
    notes.push(`Without its secret it is anybody, and anybody may: restrict ${archive} first.`);
  }
  return {
    allowed: decision.allowed,
    rule: decision.rule?.id ?? null,
    reason: decision.reason,
    view: view ?? null,
    considered: about.map(({ rule, matched, why }) => ({ rule: rule.id, matched, why })),
    notes,
  };
}

/** Rules that are about other mirrors or archives alone explain nothing. */
function speaksOf({ rule, matched }: Considered, { who, archive }: Request): boolean {
  if (matched) return true;
  const sameMirror = rule.who.mirror === undefined || rule.who.mirror === who.mirror;
  return sameMirror && (rule.archive === undefined || rule.archive === archive);
}

function viewAround(policy: Policy, archive: string, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const around = policy.views.filter((view) => view.archive === archive);
  return around.find(({ paths }) => paths.some((one) => matchesPath(one, path)))?.name;
}
