import { plainStock, type Downstream, type PushState } from '@pushmirror/trigger';
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
  downstream: Pick<Downstream, 'kind' | 'stock'>,
  phase: Phase,
): Word | undefined {
  if (isLost(state)) return undefined;
  if (downstream.kind === 'ftpsync') return wordForStock({ word, state }, downstream, phase);
  const told = isTold(state) ? word : undefined;
  if (told === undefined) {
    if (phase === 'staged') return 'stage1';
    return word === 'stage2' ? 'stage2' : 'all';
  }
  return told === 'stage1' && phase !== 'staged' ? 'stage2' : undefined;
}

/**
 * It pulls by path, so it can commit when our readers have the release. It has staged when its
 * ftpsync has ended well; where that failed, it is told to do all of it.
 */
function wordForStock(
  { word, state }: Pick<Push, 'word' | 'state'>,
  { stock = plainStock }: Pick<Downstream, 'stock'>,
  phase: Phase,
): Word | undefined {
  if (word === 'stage1' && state === 'sending') return 'stage1';
  const told = isTold(state) ? word : undefined;
  if (phase !== 'committed')
    return told === undefined && stock.push !== 'all' ? 'stage1' : undefined;
  if (told === 'stage1') return state === 'staged' ? 'stage2' : 'all';
  if (told !== undefined) return undefined;
  return word === 'stage2' ? 'stage2' : 'all';
}

function isTold(state: PushState): boolean {
  return state === 'accepted' || state === 'staged' || state === 'committed';
}

function isLost(state: PushState): boolean {
  return state === 'refused' || state === 'given-up' || state === 'superseded';
}
