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
  const ranked = [...waiting].toSorted((a, b) => rank[a.priority] - rank[b.priority]);
  const go = new Set<string>();
  let free = Math.max(limit - freeAt.size, 0);
  let left = 0;
  for (const { mirror, priority } of ranked) {
    if (go.has(mirror)) continue;
    if (priority === 'urgent' || freeAt.has(mirror)) {
      go.add(mirror);
    } else if (free > 0) {
      free -= 1;
      go.add(mirror);
    } else {
      left += 1;
    }
  }
  if (left === 0) return { go: [...go] };
  const next = Math.min(now.getTime() + timeoutMs, ...freeAt.values());
  return { go: [...go], lookAgainAt: new Date(next) };
}

const rank: Record<Priority, number> = { urgent: 0, hub: 1, healthy: 2, suspect: 3 };
