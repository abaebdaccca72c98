import { listAccessRules, replaceAccess } from '../db/access-rules.ts';
import type { AccessRuleRow } from '../db/access-schema.ts';
import { appendAudit, type Actor } from '../db/audit.ts';
import type { Db } from '../db/open.ts';
import { MASTER } from '../registry/tree.ts';
import { checkAccess } from './check-access.ts';
import { compileAccess } from './compile.ts';
import { effectsOf, type Effect } from './effects.ts';
import { policyOf, readPolicy } from './policy.ts';
import { rowOfText, textOfRow, type AccessText, type RuleText } from './rule-text.ts';

export interface AccessChange {
  /** What is to be, made from what is. */
  change: (now: AccessText) => AccessText;
  /** For the audit. */
  action: string;
  subject: string;
  /** Say what would change, and change nothing. */
  dryRun: boolean;
}

export interface ChangeResult {
  dryRun: boolean;
  rules: number;
  views: number;
  effects: Effect[];
  /** Where rsync can say less than the rules do. */
  notes: string[];
}

/**
 * Change the rules, in one transaction with its audit entry; or only say who would gain and who
 * would lose what. Either way, rules that could not be compiled are refused.
 *
 * @throws AclError, MasterError `invalid`, `unknown-mirror`, `unknown-archive`
 */
export function changeAccess(
  db: Db,
  network: string,
  wanted: AccessChange,
  by: Actor,
  now: () => Date,
): Promise<ChangeResult> {
  const { action, subject, dryRun } = wanted;
  return db.transaction().execute(async (trx) => {
    const at = now();
    const rows = await listAccessRules(trx);
    const before = await readPolicy(trx, network);
    const text = wanted.change({ rule: [...before.added], view: [...before.views] });
    const after = policyOf({ ...before, added: text.rule, views: text.view });
    checkAccess(after);
    const archives = after.archives.map(({ name }) => name);
    const { notes } = compileAccess(after, MASTER, archives, at);
    const effects = effectsOf(before, after, at);
    const result = { dryRun, rules: text.rule.length, views: text.view.length, effects, notes };
    if (dryRun) return result;
    const views = text.view.map((view) => ({ ...view, paths: JSON.stringify(view.paths) }));
    await replaceAccess(trx, keepingOld(text.rule, rows, by, at), views);
    const detail = { ...differenceOf(before.added, text.rule), effects: effects.length };
    await appendAudit(trx, at, by, { action, subject, detail });
    return result;
  });
}

/** Rules that stay as they were keep who added them, and when. */
function keepingOld(
  rules: readonly RuleText[],
  rows: readonly AccessRuleRow[],
  by: Actor,
  at: Date,
): AccessRuleRow[] {
  const known = new Map(rows.map((row) => [asText(textOfRow(row)), row]));
  return rules.map((rule) => known.get(asText(rule)) ?? rowOfText(rule, by.name, at));
}

function differenceOf(before: readonly RuleText[], after: readonly RuleText[]) {
  const [old, now] = [new Set(before.map(asText)), new Set(after.map(asText))];
  return {
    added: after.filter((rule) => !old.has(asText(rule))),
    removed: before.filter((rule) => !now.has(asText(rule))),
  };
}

function asText(rule: RuleText): string {
  return JSON.stringify(Object.entries(rule).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
