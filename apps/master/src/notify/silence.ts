import { listMaintenance } from '../db/maintenance.ts';
import { listMirrors } from '../db/mirrors.ts';
import type { DbOrTrx } from '../db/open.ts';
import { resting } from '../registry/maintenance.ts';

/** Which mirrors nobody is told about, and which are in quarantine for what they show. */
export interface Silence {
  /** Paused, suspended, gone, or in maintenance: their operators know. */
  isSilent(mirror: string): boolean;
  isAccused(mirror: string): boolean;
}

export async function readSilence(db: DbOrTrx, now: Date): Promise<Silence> {
  const mirrors = await listMirrors(db);
  const rest = resting(await listMaintenance(db), now);
  const active = new Set(mirrors.flatMap(({ name, state }) => (state === 'active' ? [name] : [])));
  const accused = new Set(
    mirrors.flatMap((one) => (one.quarantine_by === 'seen' ? [one.name] : [])),
  );
  return {
    isSilent: (mirror) => !active.has(mirror) || rest.has(mirror),
    isAccused: (mirror) => accused.has(mirror),
  };
}
