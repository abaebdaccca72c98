import type { MirrorState } from '../db/schema.ts';
import { treeOf, type Place } from '../registry/tree.ts';
import type { Policy } from './policy.ts';
import { wavesOf } from './waves.ts';

/** What the plan needs to know of a mirror. */
export interface Candidate extends Place {
  state: MirrorState;
  quarantined_at: string | null;
  quarantine_reason: string | null;
}

/** One push to be made. */
export interface PlannedPush {
  mirror: string;
  /** `master`, or the hub that will send it. */
  sender: string;
  /** From 0. */
  wave: number;
  /** Why its mirror is in quarantine: it is tried now and then, and counts for nothing. */
  quarantine: string | null;
}

/**
 * Who is to be told of a release: every active mirror that has opted in to the archive, by the
 * sender that the tree gives it, in the wave that the policy gives it.
 */
export function planRollout(
  mirrors: readonly Candidate[],
  optedIn: ReadonlySet<string>,
  policy: Pick<Policy, 'waves'>,
): PlannedPush[] {
  const tree = treeOf(mirrors);
  const waveOf = wavesOf(policy, tree);
  return mirrors
    .filter((mirror) => mirror.state === 'active' && optedIn.has(mirror.name))
    .map(({ name, quarantined_at: since, quarantine_reason: reason }) => ({
      mirror: name,
      sender: tree.senderOf(name),
      wave: waveOf(name),
      quarantine: since === null ? null : (reason ?? `It is in quarantine since ${since}.`),
    }));
}
