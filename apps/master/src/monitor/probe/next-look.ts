/** When a mirror is looked at again: a fifth sooner or later, so that the looks spread out. */
export function nextLook(at: Date, intervalMs: number, random: number): Date {
  return new Date(at.getTime() + intervalMs * (0.8 + 0.4 * random));
}

/**
 * When the first look after a start is: when it would have been; those that are overdue by then over
 * a quarter of the interval, not all at once. A mirror that was never seen is looked at now.
 */
export function firstLook(
  last: Date | undefined,
  now: Date,
  intervalMs: number,
  random: number,
): Date {
  if (last === undefined) return now;
  const due = nextLook(last, intervalMs, random);
  const soon = new Date(now.getTime() + (intervalMs / 4) * random);
  return due > soon ? due : soon;
}
