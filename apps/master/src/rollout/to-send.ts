import type { PushRow, ReleaseRow } from '../db/schema.ts';

/** How far a mirror may take the head that it is sent. */
export type Word = 'all' | 'stage1' | 'stage2';

type Row = Pick<PushRow, 'state' | 'wave' | 'commit_told_at'>;
type Release = Pick<ReleaseRow, 'switch' | 'wave' | 'phase' | 'held_at' | 'public_at'>;

/** What hears it: an agent; a stock ftpsync mirror that is pushed whole, or in stages. */
export type Hearer = 'agent' | 'stock' | 'staged stock';

/**
 * What is to be sent for a push now, or undefined when nothing is: it is done, its wave's turn has
 * not come, the release is held, or the mirror is to speak next.
 *
 * A stock ftpsync mirror commits by what it finds upstream, so it is told to only when the release is
 * public there; to stage only where that is its way of being pushed.
 */
export function whatToSend(row: Row, release: Release, hearer: Hearer): Word | undefined {
  if (release.held_at !== null || row.wave > release.wave) return undefined;
  const found = hearer === 'agent' || release.public_at !== null;
  const open = isBarrierOpen(row, release) && found;
  switch (row.state) {
    case 'waiting':
    case 'sending':
    case 'unreachable':
      if (open) return 'all';
      if (hearer === 'agent') return 'stage1';
      return hearer === 'staged stock' && isTogether(release) ? 'stage1' : undefined;
    case 'staged':
      return isTogether(release) && open && row.commit_told_at === null ? 'stage2' : undefined;
    case 'accepted':
    case 'committed':
    case 'refused':
    case 'given-up':
    case 'superseded':
      return undefined;
  }
}

/** Whether the mirrors of the push's wave may commit. */
function isBarrierOpen(row: Row, release: Release): boolean {
  return !isTogether(release) || row.wave < release.wave || release.phase !== 'staging';
}

function isTogether(release: Release): boolean {
  return release.switch === 'together';
}
