/** When a mirror is looked at again: a fifth sooner or later, so that the looks spread out. */
export function nextLook(at: Date, intervalMs: number, random: number): Date {
  return new Date(at.getTime() + intervalMs * (0.8 + 0.4 * random));
}

/** When the first look after a start is: anywhere in the interval, but soon where it is overdue. */
export function firstLook(last: Date | undefined, now: Date, intervalMs: number, random: number) {
  const due = last === undefined ? now : nextLook(last, intervalMs, random);
  const soon = new Date(now.getTime() + (intervalMs / 4) * random);
  return due > soon ? due : soon;
}
