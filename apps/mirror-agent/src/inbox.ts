import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { lockFolder, replaceFile, syncFolder, type FolderLock } from '@pushmirror/host';
import {
  compareHeads,
  parseHead,
  parseHold,
  type SignedHead,
  type SignedHold,
  type Stage,
} from '@pushmirror/trigger';
import { AgentError } from './errors.ts';
import { afterWord, waits, type Permission, type Waits } from './permission.ts';
import { createMutex } from './state/mutex.ts';
import { readJson, readState, type OnCorrupt } from './state/read-json.ts';

/** What became of an offered head when it was its turn. */
export interface Offered {
  /** How it stood to the one on disk; the last two were not kept. */
  comparison: ReturnType<typeof compareHeads>;
  /** It is to be committed, and is not staged here. */
  lacking: boolean;
  /** What may be committed from now on. */
  permission: Permission;
}

/**
 * The newest head heard of, what of it may be committed, and the newest hold: a few files an
 * archive. The daemon and the forced command, which is a process of its own, both write here.
 */
export interface Inbox {
  head(archive: string): Promise<SignedHead | undefined>;
  hold(archive: string): Promise<SignedHold | undefined>;
  permission(archive: string): Promise<Permission>;
  /**
   * Keep a head that was judged acceptable, if it still is when its turn comes, and the word that
   * it came with. When this resolves, it is on the disk, unless it was `rollback` or `equivocation`.
   *
   * @param isStaged whether the release is staged as a whole; asked for stage 2 only.
   */
  offer(signed: SignedHead, stage?: Stage, isStaged?: () => Promise<boolean>): Promise<Offered>;
  /** Keep a hold that was judged newer than the one that is kept, if it still is. */
  offerHold(signed: SignedHold): Promise<Permission>;
  /**
   * Keep all others out from now on: while the daemon can be reached, a forced command hands it what
   * came and writes nothing itself. Until the returned function is called, no write takes a lock of
   * its own.
   */
  keepLocked(): Promise<() => Promise<void>>;
}

const LOCK_WAIT_MS = 3_000;

export function createInbox(folder: string, onCorrupt: OnCorrupt): Inbox {
  const mutex = createMutex();
  const pathOf = (archive: string, what: string) => join(folder, `${archive}.${what}`);
  const head = (archive: string) => readState(pathOf(archive, 'head'), parseHead, onCorrupt);
  const hold = (archive: string) => readState(pathOf(archive, 'hold'), parseHold, onCorrupt);
  const waitsOf = (archive: string) => readJson(pathOf(archive, 'waits'), waits, onCorrupt);
  const permission = async (archive: string): Promise<Permission> => ({
    waits: await waitsOf(archive),
    hold: await hold(archive),
  });

  let kept: FolderLock | undefined;
  const inTurn = <T>(work: () => Promise<T>) =>
    mutex(async () => {
      if (kept !== undefined) return work();
      const lock = await waitForLock(folder);
      try {
        return await work();
      } finally {
        lock.release();
      }
    });

  async function keepWaits(archive: string, before: Waits | undefined, after: Waits | undefined) {
    const path = pathOf(archive, 'waits');
    if (JSON.stringify(before) === JSON.stringify(after)) return;
    if (after !== undefined) return replaceFile(path, `${JSON.stringify(after)}\n`, 0o600);
    rmSync(path, { force: true });
    await syncFolder(folder);
  }

  return {
    head,
    hold,
    permission,
    offer: (signed, stage = 'all', isStaged = async () => false) =>
      inTurn(async () => {
        const { archive } = signed.head;
        const comparison = compareHeads(await head(archive), signed);
        const known = await permission(archive);
        if (comparison === 'rollback' || comparison === 'equivocation') {
          return { comparison, lacking: false, permission: known };
        }
        const isNews = comparison === 'first' || comparison === 'newer';
        const worded = afterWord(stage, signed, {
          waits: known.waits,
          isNews,
          isStaged: stage === 'stage2' && (await isStaged()),
        });
        // What must wait is known to wait before it is known at all.
        if (worded.waits !== undefined) await keepWaits(archive, known.waits, worded.waits);
        if (comparison !== 'duplicate') {
          await replaceFile(pathOf(archive, 'head'), signed.bytes, 0o600);
        }
        if (worded.waits === undefined) await keepWaits(archive, known.waits, undefined);
        const now = { ...known, waits: worded.waits };
        return { comparison, lacking: worded.lacking, permission: now };
      }),
    offerHold: (signed) =>
      inTurn(async () => {
        const { archive } = signed.hold;
        const known = await permission(archive);
        if (!isNewer(signed, known.hold)) return known;
        await replaceFile(pathOf(archive, 'hold'), signed.bytes, 0o600);
        return { ...known, hold: signed };
      }),
    keepLocked: () =>
      mutex(async () => {
        const lock = await waitForLock(folder);
        kept = lock;
        return () =>
          mutex(async () => {
            kept = undefined;
            lock.release();
          });
      }),
  };
}

function isNewer({ hold: a }: SignedHold, known: SignedHold | undefined): boolean {
  if (known === undefined) return true;
  const b = known.hold;
  return a.epoch === b.epoch ? a.sequence > b.sequence : a.epoch > b.epoch;
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
