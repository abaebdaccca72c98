import { LONGEST_TIMER_MS } from '@pushmirror/host/timer';

/** One alarm for each name; a later one takes the place of the one before. */
export interface Alarms {
  set(name: string, at: Date, ring: () => unknown): void;
  close(): void;
}

const SHORTEST_TIMER_MS = 10;

/** An alarm further off than a timer can be rings early: who is woken looks at the clock. */
export function createAlarms(now: () => Date): Alarms {
  const timers = new Map<string, NodeJS.Timeout>();
  let closed = false;
  return {
    set(name, at, ring) {
      clearTimeout(timers.get(name));
      if (closed) return;
      const ms = Math.max(SHORTEST_TIMER_MS, at.getTime() - now().getTime());
      const timer = setTimeout(
        () => {
          timers.delete(name);
          ring();
        },
        Math.min(ms, LONGEST_TIMER_MS),
      );
      timers.set(name, timer);
    },
    close() {
      closed = true;
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}
