import type { Actor } from '../db/audit.ts';
import type { Db } from '../db/open.ts';
import { listOptIns } from '../db/opt-ins.ts';
import { MasterError } from '../errors.ts';
import { retryPushes, type Retried } from './retry.ts';

/** Begin anew what is stuck of one mirror, in all archives that it has opted in to. */
export async function retryMirror(db: Db, mirror: string, by: Actor, at: Date): Promise<Retried[]> {
  const all: Retried[] = [];
  for (const { archive } of (await listOptIns(db)).filter((one) => one.mirror === mirror)) {
    try {
      all.push(await retryPushes(db, { archive, mirror }, by, at));
    } catch (error) {
      if (!(error instanceof MasterError)) throw error; // Else there is nothing to send of it yet.
    }
  }
  return all;
}
