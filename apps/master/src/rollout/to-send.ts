import type { MirrorRow, PushRow, ReleaseRow } from '../db/schema.ts';

/** How far a mirror may take the head that it is sent. */
export type Word = 'all' | 'stage1' | 'stage2';

type Row = Pick<PushRow, 'state' | 'wave' | 'commit_told_at'>;
type Release = Pick<ReleaseRow, 'switch' | 'wave' | 'phase' | 'held_at'>;

/**
 * What is to be sent for a push now, or undefined when nothing is: it is done, its wave's turn has
 * not come, the release is held, or the mirror is to speak next. A stock ftpsync host is told only
 * to commit: it cannot report that it has staged, and would stay there for good.
 */
export function whatToSend(row: Row, release: Release, kind: MirrorRow['kind']): Word | undefined {
  if (release.held_at !== null || row.wave > release.wave) return undefined;
  const open = isBarrierOpen(row, release);
  switch (row.state) {
    case 'waiting':
    case 'sending':
    case 'unreachable':
      if (open) return 'all';
      return kind === 'agent' ? 'stage1' : undefined;
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
