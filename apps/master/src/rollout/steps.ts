import { leaveBehind, supersedePushes } from '../db/pushes.ts';
import type { DbOrTrx } from '../db/open.ts';
import { updateRelease, type ReleaseChange } from '../db/releases.ts';
import type { PushRow, ReleaseRow } from '../db/schema.ts';
import type { Policy } from './policy.ts';
import type { Step } from './decide.ts';

/** A step that changes nothing but rows. */
export type RowStep = Extract<Step, { do: 'open' | 'bake' | 'advance' | 'end' }>;

/** What a step changed. */
export interface Taken {
  release: ReleaseRow;
  /** Its pushes, and those of older releases, that changed. */
  moved: PushRow[];
}

/** Take a step: call it in the transaction in which it was decided. */
export async function takeStep(
  trx: DbOrTrx,
  release: ReleaseRow,
  policy: Policy,
  step: RowStep,
  at: Date,
): Promise<Taken> {
  const change = changeBy(step, release, policy, at.toISOString());
  await updateRelease(trx, release, change);
  const after = { ...release, ...change };
  if (step.do === 'open') {
    return {
      release: after,
      moved: await leaveBehind(trx, release, step.leftBehind, at.toISOString()),
    };
  }
  const moved = step.do === 'advance' ? await supersedePushes(trx, after, at.toISOString()) : [];
  return { release: after, moved };
}

function changeBy(step: RowStep, release: ReleaseRow, policy: Policy, at: string): ReleaseChange {
  const last = policy.waves.length;
  switch (step.do) {
    case 'open':
      return {
        phase: 'committing',
        phase_at: at,
        ...(release.wave >= last ? { public_at: release.public_at ?? at } : {}),
      };
    case 'bake':
      return { phase: 'baking', phase_at: at };
    case 'end':
      return { phase: 'done', phase_at: at };
    case 'advance': {
      const next = { wave: release.wave + 1, phase_at: at };
      if (release.switch === 'together') return { ...next, phase: 'staging' };
      if (next.wave < last) return { ...next, phase: 'sending' };
      return { ...next, phase: 'done', public_at: at };
    }
  }
}
