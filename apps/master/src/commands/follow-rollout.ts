import { setTimeout as delay } from 'node:timers/promises';
import type { z } from 'zod';
import { apiPath, type Client } from './client.ts';
import { goalOf, type Goal } from './parse.ts';
import type { Progress } from './progress.ts';
import { rolloutWithPushes } from './rollout.ts';

/** How it stood when the wait ended. */
export interface RolloutEnd {
  /** As many mirrors as were waited for have committed. */
  reached: boolean;
  total: number;
  committed: number;
  failed: number;
  /** Why not, in one sentence. */
  reason?: string;
}

const SHORTEST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;

/** Follow a rollout until enough mirrors have committed, none can any more, or time is up. */
export async function followRollout(
  client: Client,
  release: { archive: string; serial: number },
  until: { goal: Goal; deadlineMs: number },
  progress: Progress,
): Promise<RolloutEnd> {
  const endsAt = performance.now() + until.deadlineMs;
  const path = apiPath('rollouts', release.archive, release.serial);
  let pauseMs = SHORTEST_PAUSE_MS;
  for (;;) {
    const rollout = await client.get(path, rolloutWithPushes);
    const { total, committed, failed, open, states } = rollout.mirrors;
    const end = { reached: committed >= goalOf(until.goal, total), total, committed, failed };
    progress.show(`${release.archive} ${release.serial}: ${inWords(states, total)}`);
    if (end.reached) return end;
    if (open === 0) return { ...end, reason: whyEnded(rollout) };
    if (performance.now() >= endsAt) {
      return { ...end, reason: `Time is up: ${committed} of ${total} mirrors have it.` };
    }
    await delay(Math.min(pauseMs, Math.max(1, endsAt - performance.now())));
    pauseMs = Math.min(pauseMs * 1.2, LONGEST_PAUSE_MS);
  }
}

/** `2 committed, 1 accepted, 1 waiting, of 4` */
function inWords(states: Record<string, number>, total: number): string {
  const order = ['committed', 'staged', 'accepted', 'sending', 'waiting', 'unreachable'];
  const known = Object.entries(states).toSorted(([a], [b]) => place(order, a) - place(order, b));
  const parts = known.filter(([, count]) => count > 0).map(([state, count]) => `${count} ${state}`);
  return parts.length === 0 ? 'no mirrors' : `${parts.join(', ')}, of ${total}`;
}

function place(order: readonly string[], state: string): number {
  const index = order.indexOf(state);
  return index === -1 ? order.length : index;
}

function whyEnded({ archive, mirrors, pushes }: z.infer<typeof rolloutWithPushes>): string {
  if ((mirrors.states['superseded'] ?? 0) > 0) return 'A newer release took over.';
  const names = pushes
    .filter(({ state }) => state === 'refused' || state === 'given-up')
    .map(({ mirror }) => mirror);
  const some =
    names.length > 5
      ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more`
      : names.join(', ');
  return `Not reached: ${some}. See why: mirror-master rollout show ${archive}`;
}
