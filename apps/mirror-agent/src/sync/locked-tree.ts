import { lockFolder } from '@pushmirror/host';
import type { SyncContext } from './context.ts';
import { SyncFailure } from './failure.ts';
import { checkSpace } from './folder.ts';

/**
 * Work on an archive's tree, which nobody else does meanwhile, a stock ftpsync included, and let the
 * tree show it.
 *
 * @throws SyncFailure `locked`; whatever the work throws.
 */
export async function inLockedTree<T>(context: SyncContext, work: () => Promise<T>): Promise<T> {
  const { archive, marks } = context;
  const lock = lockFolder(archive.to);
  try {
    const ftpsync = await marks.runningFtpsync();
    if (lock === undefined || ftpsync !== undefined) {
      await marks.showUpdateRequired(); // As in ftpsync: who is at work makes another pass.
      const who = ftpsync === undefined ? 'another sync' : `ftpsync (process ${ftpsync})`;
      throw new SyncFailure('locked', `${archive.to} is in use by ${who}.`, { retry: true });
    }
    await checkSpace(archive.to, archive.min_free);
    await marks.showInProgress();
    try {
      return await work();
    } finally {
      await marks.hideInProgress();
    }
  } finally {
    lock?.release();
  }
}
