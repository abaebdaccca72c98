import type { Downstream, PushState } from '@pushmirror/trigger';
import type { Push } from './relay-file.ts';

/**
 * How far this hub is with the head that it relays: it has staged it and waits; it may commit it;
 * its readers have it.
 */
export const phases = ['staged', 'committing', 'committed'] as const;
export type Phase = (typeof phases)[number];

/** The word that a head is pushed with. */
export const words = ['stage1', 'stage2', 'all'] as const;
export type Word = (typeof words)[number];

/**
 * What a downstream has to be told now; undefined when it has been told all there is, or will not
 * hear it. One that was told to stage is told to commit the moment we may: it has all it needs.
 */
export function wordFor(
  { word, state }: Pick<Push, 'word' | 'state'>,
  kind: Downstream['kind'],
  phase: Phase,
): Word | undefined {
  if (isLost(state)) return undefined;
  const told = isTold(state) ? word : undefined;
  if (kind === 'ftpsync') {
    // It pulls by path, and cannot say that it has staged: there is one word for it.
    return phase === 'committed' && told === undefined ? 'all' : undefined;
  }
  if (told === undefined) {
    if (phase === 'staged') return 'stage1';
    return word === 'stage2' ? 'stage2' : 'all';
  }
  return told === 'stage1' && phase !== 'staged' ? 'stage2' : undefined;
}

function isTold(state: PushState): boolean {
  return state === 'accepted' || state === 'staged' || state === 'committed';
}

function isLost(state: PushState): boolean {
  return state === 'refused' || state === 'given-up' || state === 'superseded';
}
