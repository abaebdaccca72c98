/** So many of a number of mirrors. */
export type Goal = { percent: number } | { count: number };

/** `95%` or `25`; undefined for anything else, and for more than all. */
export function readGoal(text: string): Goal | undefined {
  const [, digits, sign] = /^(\d{1,6})(%?)$/.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const value = Number(digits);
  if (sign !== '%') return { count: value };
  return value <= 100 ? { percent: value } : undefined;
}

/** How many mirrors of `total` the goal means. */
export function goalOf(wanted: Goal, total: number): number {
  return 'percent' in wanted
    ? Math.ceil((wanted.percent * total) / 100)
    : Math.min(wanted.count, total);
}

/** As it was written. */
export function goalText(wanted: Goal): string {
  return 'percent' in wanted ? `${wanted.percent}%` : String(wanted.count);
}
