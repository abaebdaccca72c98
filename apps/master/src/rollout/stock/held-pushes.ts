import { LONGEST_TIMER_MS } from '@pushmirror/host/timer';
import type { PushKey } from '../../db/pushes.ts';
import type { PushRow } from '../../db/schema.ts';
import type { Ledger } from '../ledger.ts';
import type { Held } from '../outgoing.ts';

/** Pushes that wait for the stock mirror above their own. */
export interface HeldPushes {
  /** These are held now; of one archive, or of all. */
  hold(held: readonly Held[], archive?: string): void;
  /** Pushes changed: those that wait for them are looked at again. */
  moved(pushes: readonly PushRow[]): void;
  close(): void;
}

/** Says why they wait, and has them looked at when the time has come or the other one has moved. */
export function createHeldPushes(o: {
  ledger: Ledger;
  now: () => Date;
  again: (archive: string) => void;
  onTrouble: (key: PushKey, error: unknown) => void;
}): HeldPushes {
  /** By archive: when to look again, and whose pushes those that wait are waiting for. */
  const waits = new Map<string, { timer: NodeJS.Timeout; upstreams: Set<string> }>();

  function lookAt(archive: string, until: Date, upstreams: Set<string>): void {
    clearTimeout(waits.get(archive)?.timer);
    const left = until.getTime() - o.now().getTime();
    const ms = Math.min(Math.max(0, left), LONGEST_TIMER_MS);
    waits.set(archive, { timer: setTimeout(() => o.again(archive), ms).unref(), upstreams });
  }

  function say({ row, why }: Held): void {
    if (row.state !== 'waiting' || row.reason === why) return;
    const news = { state: 'waiting' as const, reason: why, at: o.now() };
    o.ledger.note(row, news).catch((error: unknown) => o.onTrouble(row, error));
  }

  return {
    hold(held, archive) {
      for (const [one, { timer }] of waits) {
        if ((archive ?? one) !== one) continue;
        clearTimeout(timer);
        waits.delete(one);
      }
      for (const one of new Set(held.map(({ row }) => row.archive))) {
        const its = held.filter(({ row }) => row.archive === one);
        const first = its.reduce((a, b) => (b.until < a.until ? b : a)).until;
        lookAt(one, first, new Set(its.map(({ upstream }) => upstream)));
      }
      held.forEach(say);
    },
    moved(pushes) {
      for (const { archive, mirror } of pushes) {
        const waiting = waits.get(archive);
        if (waiting?.upstreams.has(mirror) === true) lookAt(archive, o.now(), waiting.upstreams);
      }
    },
    close() {
      for (const { timer } of waits.values()) clearTimeout(timer);
      waits.clear();
    },
  };
}
