import { PROBE_EVERY_MS } from './quarantine.ts';

/** What the master remembers of mirrors between their pushes; a restart forgets it. */
export interface MirrorMemory {
  /** False for a mirror whose last attempt failed. */
  wasReached(mirror: string): boolean;
  reached(mirror: string): void;
  failed(mirror: string): void;
  /** When a mirror in quarantine may be tried next. */
  nextProbe(mirror: string): Date;
  /** Whether to try at once what rests for a mirror that was heard of; not too often. */
  mayWake(mirror: string): boolean;
}

export function createMirrorMemory(now: () => Date, wakeEveryMs: number): MirrorMemory {
  const unreached = new Set<string>();
  const probes = new Map<string, Date>();
  const wokenAt = new Map<string, number>();
  const later = (ms: number) => new Date(now().getTime() + ms);
  return {
    wasReached: (mirror) => !unreached.has(mirror),
    reached: (mirror) => void unreached.delete(mirror),
    failed(mirror) {
      unreached.add(mirror);
      probes.set(mirror, later(PROBE_EVERY_MS));
    },
    // Without a last time, at random: many mirrors are not tried together after a restart.
    nextProbe: (mirror) => probes.get(mirror) ?? later(Math.random() * PROBE_EVERY_MS),
    mayWake(mirror) {
      const last = wokenAt.get(mirror) ?? Number.NEGATIVE_INFINITY;
      if (performance.now() - last < wakeEveryMs) return false;
      wokenAt.set(mirror, performance.now());
      return true;
    },
  };
}
