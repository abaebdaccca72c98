import { MasterError } from '../errors.ts';
import type { AccessText, RuleText } from './rule-text.ts';

type Edit = (now: AccessText) => AccessText;

/** @throws MasterError `already-exists` */
export function added(rule: RuleText): Edit {
  return ({ rule: rules, view }) => {
    if (rules.some(({ id }) => id === rule.id)) {
      throw new MasterError('already-exists', `There is a rule "${rule.id}" already.`);
    }
    return { rule: [...rules, rule], view };
  };
}

/** @throws MasterError `invalid` */
export function removed(id: string): Edit {
  return ({ rule: rules, view }) => {
    const left = rules.filter((rule) => rule.id !== id);
    if (left.length < rules.length) return { rule: left, view };
    const text = /^(open|pull|trigger|publish|register|read):/.test(id)
      ? `Rule "${id}" follows from the registry. Add a rule that denies it instead.`
      : `There is no rule "${id}".`;
    throw new MasterError('invalid', text);
  };
}
