import { goalOf } from '../rollout/goal.ts';
import type { Goals } from './goals.ts';
import { pushesIn, tallyOf, type Picture } from './rollout-picture.ts';

/** The goals that are not reached, and of those the ones that can still be. */
export function openGoals(wanted: Goals, picture: Picture): { unmet: Goals; hopeful: Goals } {
  const stands = (one: Goals[number]) => tallyOf(pushesIn(picture, one.tier));
  const unmet = wanted.filter((one) => {
    const { committed, total } = stands(one);
    return committed < goalOf(one.goal, total);
  });
  return { unmet, hopeful: unmet.filter((one) => stands(one).open > 0) };
}
