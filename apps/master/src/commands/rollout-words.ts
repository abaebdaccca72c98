import type { PushState } from '@pushmirror/trigger';
import { span } from '../http/page/words.ts';
import { printable } from './output.ts';
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
  const { archive } = picture.rollout;
  return `Not reached: ${someOf(names)}. See why: mirror-master rollout show ${archive}`;
}

/** Where a rollout stands as a whole: held, its waves, its barrier, who was left behind. */
export function rolloutWords({ rollout, pushes }: Picture, now: Date): string[] {
  const { held, waves, phase, phaseAt, wave, switch: how, publicAt, urgent } = rollout;
  const since = phaseAt === null ? '' : ` for ${span(now.getTime() - Date.parse(phaseAt))}`;
  const lines: string[] = [];
  if (urgent) lines.push('urgent: to everybody at once');
  if (held !== null) lines.push(heldWords(held));
  if (waves.length > 0) {
    const parts = waves.map(({ name, state, mirrors }) => {
      const doing = state === 'now' ? `${phase}${since}` : state;
      return `${name} ${mirrors.committed}/${mirrors.total} (${doing})`;
    });
    lines.push(`waves: ${parts.join(', ')}`);
  }
  if (how === 'together' && phase !== 'done') {
    const mine = [...pushes.values()].filter((push) => push.wave === wave);
    const staged = mine.filter(({ state }) => state === 'staged' || state === 'committed').length;
    lines.push(
      phase === 'staging'
        ? `switching together: ${staged} of ${mine.length} have staged${since}`
        : `switching together: ${phase}${since}`,
    );
  }
  if (publicAt === null) lines.push('not public yet: mirrors that poll stay on the release before');
  const left = [...pushes.values()].filter(isLeftBehind).map(({ mirror }) => mirror);
  if (left.length > 0) lines.push(`left behind: ${someOf(left)}`);
  return lines;
}

export function heldWords(held: NonNullable<Picture['rollout']['held']>): string {
  const why = held.reason === null ? '' : `: ${printable(held.reason)}`;
  const by = held.by === null ? '' : ` by ${printable(held.by)}`;
  return `HELD since ${held.at}${by}${why}`;
}

/** Its wave went on without it, and it has not caught up. */
function isLeftBehind({ leftBehindAt, state }: PushView): boolean {
  return leftBehindAt !== null && state !== 'committed' && state !== 'superseded';
}

/** What there is to say of a push, besides its state. */
export function whyOf(push: PushView): string | null {
  if (!isLeftBehind(push)) return push.reason;
  return push.reason === null ? 'left behind' : `left behind. ${push.reason}`;
}

function someOf(names: readonly string[]): string {
  const more = names.length - NAMED_AT_MOST;
  return more > 0
    ? `${names.slice(0, NAMED_AT_MOST).join(', ')} and ${more} more`
    : names.join(', ');
}

export function hasFailed({ state }: { state: PushState }): boolean {
  return state === 'refused' || state === 'given-up';
}
