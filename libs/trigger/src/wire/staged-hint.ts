import type { Trigger, TriggerWord } from './trigger.ts';

/**
 * Whether a command is a stock trigger for one stage, whose answer comes when the stage is done. By a
 * glance: whoever parses it will say whether it is a trigger at all.
 */
export function isStagedHint(command: string): boolean {
  const words = new Set(command.split(' '));
  if ([...words].some((word) => /^sync:(token|hold):/.test(word))) return false;
  return words.has('sync:stage1') !== words.has('sync:stage2');
}

/** The one stage that a trigger without a token asks for; both are as good as all. */
export function stageIn(words: ReadonlySet<TriggerWord> | Trigger['words']) {
  if (words.has('stage1') === words.has('stage2')) return undefined;
  return words.has('stage1') ? ('stage1' as const) : ('stage2' as const);
}
