import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { lockFolder, replaceFile, type FolderLock } from '@pushmirror/host';
import { compareHeads, parseHead, type SignedHead } from '@pushmirror/trigger';
import { AgentError } from './errors.ts';
import { createMutex } from './state/mutex.ts';
import { readState, type OnCorrupt } from './state/read-json.ts';

/** How an offered head stood to the one on disk when it was its turn. */
export type Offered = ReturnType<typeof compareHeads>;

/**
 * The newest head heard of, one file an archive. The daemon and the forced command, which is a
 * process of its own, both write here.
 */
export interface Inbox {
  head(archive: string): Promise<SignedHead | undefined>;
  /**
   * Keep a head that was judged acceptable, if it still is newer when its turn comes. When this
   * resolves with `first`, `newer` or `refresh`, the head is on the disk.
   */
  offer(signed: SignedHead): Promise<Offered>;
}

const LOCK_WAIT_MS = 3_000;

export function createInbox(folder: string, onCorrupt: OnCorrupt): Inbox {
  const mutex = createMutex();
  const pathOf = (archive: string) => join(folder, `${archive}.head`);
  const head = (archive: string) => readState(pathOf(archive), parseHead, onCorrupt);

  return {
    head,
    offer: (signed) =>
      mutex(async () => {
        const lock = await waitForLock(folder);
        try {
          const { archive } = signed.head;
          const offered = compareHeads(await head(archive), signed);
          if (offered === 'first' || offered === 'newer' || offered === 'refresh') {
            await replaceFile(pathOf(archive), signed.bytes, 0o600);
          }
          return offered;
        } finally {
          lock.release();
        }
      }),
  };
}

/** The folder is held for the length of one write, by us or by a forced command. */
async function waitForLock(folder: string): Promise<FolderLock> {
  const giveUpAt = performance.now() + LOCK_WAIT_MS;
  for (;;) {
    const lock = lockFolder(folder);
    if (lock !== undefined) return lock;
    if (performance.now() > giveUpAt) {
      throw new AgentError('state', `${folder} is locked by another process. Try again.`);
    }
    await delay(20);
  }
}
