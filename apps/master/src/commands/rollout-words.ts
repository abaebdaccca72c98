import type { PushState } from '@pushmirror/trigger';
import { pushesIn, tallyOf, type Picture, type PushView } from './rollout-picture.ts';

const ORDER: readonly PushState[] = [
  'committed',
  'staged',
  'accepted',
  'sending',
  'waiting',
  'unreachable',
  'refused',
  'given-up',
  'superseded',
];
const NAMED_AT_MOST = 5;

/** `2 committed, 1 accepted, 1 waiting, of 4` */
export function tallyInWords(pushes: readonly PushView[]): string {
  const { states, total } = tallyOf(pushes);
  const parts = ORDER.flatMap((state) => {
    const count = states[state] ?? 0;
    return count === 0 ? [] : [`${count} ${state}`];
  });
  return parts.length === 0 ? 'no mirrors' : `${parts.join(', ')}, of ${total}`;
}

/** Why a rollout that has ended did not reach everybody, in one sentence. */
export function whyNot(picture: Picture): string {
  const pushes = pushesIn(picture);
  if (pushes.some(({ state }) => state === 'superseded')) return 'A newer release took over.';
  const names = pushes.filter(hasFailed).map(({ mirror }) => mirror);
  const more = names.length - NAMED_AT_MOST;
  const some =
    more > 0 ? `${names.slice(0, NAMED_AT_MOST).join(', ')} and ${more} more` : names.join(', ');
  const { archive } = picture.rollout;
  return `Not reached: ${some}. See why: mirror-master rollout show ${archive}`;
}

export function hasFailed({ state }: { state: PushState }): boolean {
  return state === 'refused' || state === 'given-up';
}
