import type { DbOrTrx } from '../db/open.ts';
import { pushesOfWave } from '../db/pushes.ts';
import { currentRelease } from '../db/releases.ts';
import type { ReleaseRow } from '../db/schema.ts';
import type { RolloutNow } from './decide.ts';
import type { GateQuestion } from './gate.ts';
import { hearerOf } from './outgoing.ts';
import { readPolicy } from './policy.ts';

/** A release with all that decides about it. */
export interface Standing {
  release: ReleaseRow;
  now: RolloutNow;
}

/** A release whose gate is asked. */
export interface Asked {
  release: ReleaseRow;
  question: GateQuestion;
}

/** The newest release; of an older one nothing is decided any more. */
export async function standingOf(trx: DbOrTrx, archive: string): Promise<Standing | undefined> {
  const release = await currentRelease(trx, archive);
  if (release === undefined) return undefined;
  const pushes = release.phase === 'done' ? [] : await pushesOfWave(trx, release);
  const members = pushes.map((push) => ({
    ...push,
    hearer: hearerOf({ name: push.mirror, kind: push.kind, stock: push.stock }),
  }));
  const { phase, wave } = release;
  return {
    release,
    now: {
      policy: readPolicy(release.waves),
      switch: release.switch,
      phase,
      phaseAt: new Date(release.phase_at ?? release.published_at),
      held: release.held_at !== null,
      wave,
      members,
    },
  };
}

export function askedOf({ release, now }: Standing): Asked {
  const wave = now.policy.waves[now.wave];
  if (wave === undefined) throw new Error('Only a named wave has a gate.');
  return { release, question: { release, wave, members: now.members } };
}

/** Nothing was decided about it since. */
export function isSame(a: ReleaseRow, b: ReleaseRow): boolean {
  return (
    a.serial === b.serial &&
    a.wave === b.wave &&
    a.phase === b.phase &&
    a.phase_at === b.phase_at &&
    a.held_at === b.held_at
  );
}
