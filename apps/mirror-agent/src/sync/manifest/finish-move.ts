import { parseHead } from '@pushmirror/trigger';
import type { Claim } from '../claim.ts';
import type { SyncContext } from '../context.ts';
import { parseUpstream } from '../upstream-url.ts';
import { readStanding } from './carried.ts';
import { commitMove } from './commit.ts';
import { TreeNotAsRecorded } from './place.ts';
import { planAgain } from './plan-release.ts';
import type { Staging } from './staging.ts';
import { DamagedBucket } from './store.ts';

/**
 * Complete a move that was interrupted after all of it had been staged: no upstream is needed.
 * Steps that were done are found done. When staging was lost, nobody knows what the tree holds,
 * and it is looked through instead.
 */
export async function finishMove(
  context: SyncContext,
  staging: Staging,
  startedAt: Date,
): Promise<Claim | undefined> {
  const { archive, mirror, marks } = context;
  const standing = await readStanding(archive.to, mirror);
  if (standing.at !== 'move') return undefined;
  const { from, to, head: text, upstream } = standing.move;
  try {
    const head = parseHead(Buffer.from(text, 'latin1'));
    const planned = await planAgain(context, staging, head, from, to);
    if (planned !== undefined) {
      return await commitMove({ context, planned }, parseUpstream(upstream), startedAt);
    }
  } catch (error) {
    if (!(error instanceof TreeNotAsRecorded) && !(error instanceof DamagedBucket)) throw error;
  }
  await marks.showChanging('');
  return undefined;
}
