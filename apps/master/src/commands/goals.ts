import { InvalidArgumentError } from 'commander';
import type { Goal } from '../rollout/goal.ts';
import { goal } from './parse.ts';

/** What a publish waits for: so many of all mirrors, or of a tier. All of them together. */
export type Goals = { tier?: number; goal: Goal }[];

/** For commander: `95%`, `25`, `tier1=100%`; several times, or with commas. */
export function goals(text: string, before: Goals = []): Goals {
  return [...before, ...text.split(',').map(readGoal)];
}

function readGoal(text: string): Goals[number] {
  const [, digits, rest] = /^tier(\d{1,3})=(.*)$/.exec(text) ?? [];
  if (digits === undefined || rest === undefined) return { goal: goal(text) };
  if (Number(digits) === 0) throw new InvalidArgumentError('Tiers are counted from 1.');
  return { tier: Number(digits), goal: goal(rest) };
}
