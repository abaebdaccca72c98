import type { PushState } from '@pushmirror/trigger';
import picocolors from 'picocolors';
import { span } from '../http/page/words.ts';
import { colouredState, printable } from './output.ts';
import { pushesIn, tallyOf, type Picture, type PushView } from './rollout-picture.ts';
import { hasFailed, rolloutWords, whyOf } from './rollout-words.ts';

/** The columns of a tier, each with the states that it counts. */
const COLUMNS: readonly [string, readonly PushState[]][] = [
  ['waiting', ['waiting']],
  ['sending', ['sending', 'unreachable']],
  ['accepted', ['accepted']],
  ['staged', ['staged']],
  ['committed', ['committed']],
  ['failed', ['refused', 'given-up']],
];
const WIDTH = 11;
const SLOWEST = 5;
const FAILED = 10;
const LONGEST_REASON = 100;

/** A rollout for a terminal: its tiers, the slowest mirrors, and those that failed, with why. */
export function rolloutLines(picture: Picture, now: Date): string[] {
  const pushes = pushesIn(picture);
  const { archive, serial, publishedAt } = picture.rollout;
  const { committed, total } = tallyOf(pushes);
  const age = span(Math.max(0, now.getTime() - Date.parse(publishedAt)));
  const tiers = [...new Set(pushes.map(({ tier }) => tier))].toSorted((a, b) => a - b);
  return [
    `${archive} ${serial}, published ${age} ago: ${committed} of ${total} committed`,
    ...rolloutWords(picture, now),
    '',
    picocolors.dim(
      row(
        'tier',
        COLUMNS.map(([name]) => name),
      ),
    ),
    ...tiers.map((tier) => tierRow(tier, pushesIn(picture, tier))),
    ...slowest(pushes, now),
    ...failed(pushes),
  ];
}

function tierRow(tier: number, pushes: readonly PushView[]): string {
  const { states } = tallyOf(pushes);
  const counts = COLUMNS.map(([, of]) => of.reduce((sum, state) => sum + (states[state] ?? 0), 0));
  return row(String(tier), counts.map(String));
}

function row(first: string, cells: readonly string[]): string {
  return first.padEnd(6) + cells.map((cell) => cell.padStart(WIDTH)).join('');
}

function slowest(pushes: readonly PushView[], now: Date): string[] {
  const { open } = tallyOf(pushes);
  const waiting = pushes
    .filter((push) => !hasFailed(push) && push.state !== 'committed' && push.state !== 'superseded')
    .toSorted((a, b) => (a.updatedAt < b.updatedAt ? -1 : 1));
  if (waiting.length === 0) return [];
  const lines = waiting.slice(0, SLOWEST).map((push) => {
    const since = span(Math.max(0, now.getTime() - Date.parse(push.updatedAt)));
    return `  ${push.mirror}  ${colouredState(push.state)} for ${since}${why(push)}`;
  });
  return ['', `slowest of ${open}:`, ...lines];
}

function failed(pushes: readonly PushView[]): string[] {
  const all = pushes.filter(hasFailed);
  if (all.length === 0) return [];
  const lines = all
    .slice(0, FAILED)
    .map((push) => `  ${push.mirror}  ${colouredState(push.state)}${why(push)}`);
  const more = all.length - lines.length;
  return ['', 'failed:', ...lines, ...(more > 0 ? [`  and ${more} more`] : [])];
}

/** Of one that waits it is the slot that it waits for. */
function why(push: PushView): string {
  const reason = whyOf(push);
  const tells = push.state !== 'accepted' && push.state !== 'sending';
  return tells && reason !== null ? `  ${printable(reason).slice(0, LONGEST_REASON)}` : '';
}
