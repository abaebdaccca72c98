import { listMaintenance } from '../../db/maintenance.ts';
import { listMirrors } from '../../db/mirrors.ts';
import type { Db } from '../../db/open.ts';
import { listOptIns } from '../../db/opt-ins.ts';
import { listBriefSightings } from '../../db/sightings.ts';
import { resting } from '../../registry/maintenance.ts';
import { firstLook, nextLook } from './next-look.ts';
import type { Prober } from './prober.ts';

export interface ScheduleOptions {
  db: Db;
  prober: Pick<Prober, 'look' | 'underway'>;
  intervalMs: number;
  now: () => Date;
  random: () => number;
  onTrouble: (error: unknown) => void;
}

/** So many looks may wait for their turn; more are left to the next round. */
const MOST_UNDERWAY = 2_000;

/**
 * Begins the looks that are due. Call it again and again; it does not wait for them. Mirrors that are
 * paused, in maintenance or gone are left in peace; those in quarantine are looked at, or they would
 * never come back.
 */
export function createSchedule(o: ScheduleOptions): () => Promise<void> {
  const due = new Map<string, Date>();
  const busy = new Set<string>();
  let seeded = false;

  return async () => {
    const now = o.now();
    if (!seeded) {
      for (const { mirror, archive, at } of await listBriefSightings(o.db)) {
        const first = firstLook(new Date(at), now, o.intervalMs, o.random());
        due.set(`${archive} ${mirror}`, first);
      }
      seeded = true;
    }
    const active = await activeMirrors(o.db, now);
    const wanted = new Set<string>();
    for (const { mirror, archive } of await listOptIns(o.db)) {
      if (!active.has(mirror)) continue;
      const key = `${archive} ${mirror}`;
      wanted.add(key);
      const at = due.get(key) ?? firstLook(undefined, now, o.intervalMs, o.random());
      due.set(key, at);
      if (at > now || busy.has(key) || o.prober.underway() >= MOST_UNDERWAY) continue;
      due.set(key, nextLook(now, o.intervalMs, o.random()));
      busy.add(key);
      void o.prober
        .look(mirror, archive)
        .catch(o.onTrouble)
        .finally(() => busy.delete(key));
    }
    for (const key of due.keys()) if (!wanted.has(key)) due.delete(key);
  };
}

async function activeMirrors(db: Db, now: Date): Promise<ReadonlySet<string>> {
  const rest = resting(await listMaintenance(db), now);
  const mirrors = await listMirrors(db);
  return new Set(
    mirrors.filter(({ state, name }) => state === 'active' && !rest.has(name)).map((m) => m.name),
  );
}
