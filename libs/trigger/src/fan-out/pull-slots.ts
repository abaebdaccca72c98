import type { Priority } from './push.ts';

/** Who wants to pull from one upstream, and who does. */
export interface PullSlots {
  waiting: readonly { mirror: string; priority: Priority }[];
  /** `since`: when its slot was given to it. A mirror counts once. */
  pulling: readonly { mirror: string; since: Date }[];
  /** At most so many pull at once. */
  limit: number;
  /** A slot is free again after so long, whatever became of its mirror. */
  timeoutMs: number;
  now: Date;
}

export interface PullDecision {
  /** Those of `waiting` that may pull now, in the order in which to tell them. */
  go: string[];
  /** When the next slot times out while somebody waits for it. */
  lookAgainAt?: Date;
}

/**
 * Share out the slots of one upstream: hubs first, those that failed the last time after the
 * healthy, and within a kind first come, first served. Urgent ones ask nobody. Those that pull
 * already ask for nothing more: what is told to them moves their goal.
 */
export function whoMayPull(slots: PullSlots): PullDecision {
  const { waiting, limit, timeoutMs, now } = slots;
  const freeAt = new Map<string, number>();
  for (const { mirror, since } of slots.pulling) {
    const until = since.getTime() + timeoutMs;
    if (until > now.getTime()) freeAt.set(mirror, Math.max(until, freeAt.get(mirror) ?? 0));
  }
  const go = new Set<string>();
  let free = Math.max(limit - freeAt.size, 0);
  let left = 0;
  for (const kind of order) {
    for (const { mirror, priority } of waiting) {
      if (priority !== kind || go.has(mirror)) continue;
      const needsOne = kind !== 'urgent' && !freeAt.has(mirror);
      if (needsOne && free === 0) {
        left += 1;
        continue;
      }
      if (needsOne) free -= 1;
      go.add(mirror);
    }
  }
  if (left === 0) return { go: [...go] };
  const next = Math.min(now.getTime() + timeoutMs, ...freeAt.values());
  return { go: [...go], lookAgainAt: new Date(next) };
}

const order: readonly Priority[] = ['urgent', 'hub', 'healthy', 'suspect'];
