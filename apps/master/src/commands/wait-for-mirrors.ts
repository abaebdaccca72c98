import { within } from '@pushmirror/host/within';
import type { Client } from './client.ts';
import { followRollout } from './follow-rollout.ts';
import type { Goals } from './goals.ts';
import { openGoals } from './open-goals.ts';
import { whyNot, tallyInWords } from './rollout-words.ts';
import { pushesIn, tallyOf } from './rollout-picture.ts';
import type { Progress } from './progress.ts';

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

/** Follow a rollout until enough mirrors have committed, no more can, or time is up. */
export async function waitForMirrors(
  client: Client,
  release: { archive: string; serial: number },
  until: { goals: Goals; deadlineMs: number },
  progress: Progress,
): Promise<RolloutEnd> {
  const timeUp = within(until.deadlineMs);
  const picture = await followRollout(client, release, {
    signal: timeUp,
    isDone: (now) => openGoals(until.goals, now).hopeful.length === 0,
    onLost: (sentence) => progress.line(sentence),
    onChange(now) {
      progress.show(`${release.archive} ${release.serial}: ${tallyInWords(pushesIn(now))}`);
    },
  });
  const { total, committed, failed } = tallyOf(pushesIn(picture));
  const { unmet, hopeful } = openGoals(until.goals, picture);
  const end = { reached: unmet.length === 0, total, committed, failed };
  if (end.reached) return end;
  if (hopeful.length === 0) return { ...end, reason: whyNot(picture) };
  return { ...end, reason: `Time is up: ${committed} of ${total} mirrors have it.` };
}
